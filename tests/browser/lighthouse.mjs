// Lighthouse in one warm Chromium. Reads [{name, url, categories}, ...] from standard input and
// prints one line of JSON a run, in that order: the categories' scores (0 to 100) and how fast the
// machine was meanwhile (Lighthouse's benchmarkIndex).
import { readFileSync } from 'node:fs';
import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';

const runs = JSON.parse(readFileSync(0, 'utf8'));
const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
const chrome = await launch({ chromePath: process.argv[2], chromeFlags: flags });
for (const { name, url, categories } of runs) {
  const options = { port: chrome.port, onlyCategories: categories, logLevel: 'error' };
  const { lhr } = await lighthouse(url, options);
  const scores = Object.fromEntries(categories.map((id) => [id, 100 * lhr.categories[id].score]));
  const failed = Object.values(lhr.audits)
    .filter(({ score, scoreDisplayMode }) => scoreDisplayMode == 'binary' && score === 0)
    .map(({ id }) => id);
  console.log(JSON.stringify({ name, scores, failed, speed: lhr.environment.benchmarkIndex }));
}
await chrome.kill();
