// A person at the web page of a running pipeline, in a real Chromium: types a message, watches it arrive, finds it in Kibana.
//
//   node page.mjs PAGE_URL OUT_FOLDER      (tests/browser/page installs what it needs and calls it)
//
// Leaves page.png and discover.png in OUT_FOLDER and ends with 1 at the first thing a person would not have seen.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [page_url, out] = process.argv.slice(2);
const PATIENCE = 30_000;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

// What stands in the strip, stage by stage: "Kafka: in the topic".
const strip = page => page.locator('.strip li').evaluateAll(items =>
    items.map(item => `${item.querySelector('.name').innerText}: ${item.querySelector('.words').innerText}`));

async function send(page, text) {
    await page.goto(page_url);
    await page.getByLabel('Text to log').fill(text);
    await page.getByLabel('Level').selectOption('warning');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForURL('**/messages/*');
}

const arrived = page => page.locator('.strip li.done', { hasText: 'Elasticsearch' }).waitFor({ timeout: PATIENCE });

async function withScript() {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    const trouble = [];
    page.on('pageerror', error => trouble.push(String(error)));
    page.on('console', message => message.type() === 'error' && trouble.push(message.text()));
    await send(page, 'Order 4711 could not be charged');
    await page.evaluate(() => { window.notReloaded = true; });
    await arrived(page);
    assert.equal(await page.evaluate(() => window.notReloaded), true, 'the strip moves on without a reload');
    assert.deepEqual((await strip(page)).slice(0, 4),
        ['Web page: received', 'RabbitMQ: confirmed', 'Kafka: in the topic', 'Elasticsearch: found']);
    assert.match(await page.getByRole('status').innerText(), /reached Elasticsearch/);
    await page.waitForTimeout(1000); // were the stream cut instead of ended, the page would say so by now
    assert.equal(await page.locator('#live').isVisible(), false, 'a settled message has no live updates to lose');
    assert.deepEqual(trouble, [], 'no error in the console');
    await page.screenshot({ path: join(out, 'page.png') });
    console.log('with JavaScript: the strip went to "Elasticsearch: found" by itself');
    return page;
}

async function withoutScript() {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await send(page, 'sent without a script');
    await arrived(page); // the page reloads itself
    console.log('without JavaScript: form and strip work, by reloads');
    await context.close();
}

async function hostileText() {
    const page = await browser.newPage();
    page.on('dialog', () => assert.fail('text of a message ran as a script'));
    const text = `<img src=x onerror="alert(1)"> & <b>bold</b> {{ 7*7 }}`;
    await send(page, text);
    assert.equal(await page.locator('blockquote').innerText(), text);
    await page.close();
    console.log('markup in a message is shown as text');
}

async function inDiscover(page) {
    const link = await page.getByRole('link', { name: 'open in Discover' }).getAttribute('href');
    const kibana = await browser.newPage({ viewport: { width: 1300, height: 850 } });
    await kibana.goto(link);
    await kibana.getByText('Order 4711 could not be charged').first().waitFor({ timeout: PATIENCE });
    await kibana.screenshot({ path: join(out, 'discover.png') });
    console.log('Kibana: the message is found in Discover');
}

try {
    const page = await withScript();
    await withoutScript();
    await hostileText();
    await inDiscover(page);
} finally {
    await browser.close();
}
