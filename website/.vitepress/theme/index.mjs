import DefaultTheme from 'vitepress/theme-without-fonts';
import { h } from 'vue';
import FrontPage from './FrontPage.vue';
import MermaidDiagram from './MermaidDiagram.vue';
import NotFound from './NotFound.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'not-found': () => h(NotFound) }),
  enhanceApp({ app }) {
    app.component('FrontPage', FrontPage);
    app.component('MermaidDiagram', MermaidDiagram);
  },
};
