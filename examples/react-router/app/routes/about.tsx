export default function About() {
  return <p>This page is the same for everybody.</p>;
}
