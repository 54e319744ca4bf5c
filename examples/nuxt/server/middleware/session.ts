import { sessions } from 'websauna-session/nitro';

export default sessions(factory);
