// What `try` does in VS Code: each step does what a person would, and waits for what the person
// would then see; a picture is taken of each. The files are copies.
'use strict';

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { chromium } = require('playwright-core');

const [home, program, browserPath, out] = process.argv.slice(2);
const root = path.resolve(__dirname, '../..');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'rollbook-try-'));
const work = path.join(scratch, 'work');

// ---- VS Code --------------------------------------------------------------------------------

const kServer = [
  path.join(home, 'node_modules/code-server/out/node/entry.js'),
  ...['--user-data-dir', path.join(scratch, 'user'), '--config', path.join(scratch, 'config.yaml')],
  ...['--extensions-dir', path.join(scratch, 'extensions')],
];

function write(file, text) {
  fs.mkdirSync(path.dirname(path.join(scratch, file)), { recursive: true });
  fs.writeFileSync(path.join(scratch, file), text);
}

function prepare() {
  const broken = path.join(root, 'tests/dsl/broken');
  fs.cpSync(path.join(root, 'plans'), work, { recursive: true });
  fs.copyFileSync(path.join(broken, '109-hours-spelt-out.runbook'), path.join(work, 'broken.runbook'));
  write('config.yaml', 'auth: none\nbind-addr: 127.0.0.1:0\n');
  // What belongs to the machine is not taken from the settings of the user.
  write('user/Machine/settings.json', JSON.stringify({ 'rollbook.program': 'nowhere' }));
  write(
    'user/User/settings.json',
    JSON.stringify({
      'files.autoSave': 'off',
      'security.workspace.trust.enabled': false,
      'telemetry.telemetryLevel': 'off',
      'terminal.integrated.gpuAcceleration': 'off',  // what is drawn on a canvas cannot be read
      'update.mode': 'none',
      'workbench.startupEditor': 'none',
    })
  );
  const install = ['--install-extension', path.join(out, 'rollbook.vsix')];
  execFileSync(process.execPath, [...kServer, ...install], { stdio: ['ignore', 'ignore', 'pipe'] });
}

// Resolves to the address, once it is known.
function serve(log) {
  const options = ['--disable-telemetry', '--disable-update-check'];
  const server = spawn(process.execPath, [...kServer, ...options]);
  const address = new Promise((resolve, reject) => {
    let said = '';
    const take = (data) => {
      log.write(data);
      said += data;
      const found = said.match(/listening on (http:\S+)/);
      if (found) resolve(found[1]);
    };
    server.stdout.on('data', take);
    server.stderr.on('data', take);
    server.on('exit', () => reject(new Error('code-server ended; see code-server.log')));
  });
  return { server, address };
}

// ---- A person before it ---------------------------------------------------------------------

class Person {
  constructor(page) {
    this.page = page;
    this.keys = page.keyboard;
  }
  see(where, text) {
    return this.page.locator(where, text && { hasText: text }).first().waitFor();
  }
  see_not(where, text) {
    return this.page.locator(where, text && { hasText: text }).first().waitFor({ state: 'hidden' });
  }
  click(where, text) {
    return this.page.locator(where, text && { hasText: text }).first().click();
  }
  async ask(text) {
    await this.keys.press('F1');
    await this.page.locator('.quick-input-widget input.input').fill(text);
  }
  async command(name) {
    await this.ask('>' + name);
    await this.click('.quick-input-list .monaco-list-row', name);
  }
  async open(name) {
    await this.ask(path.join(work, name));
    await this.click('.quick-input-list .monaco-list-row', name);
    await this.see('.tab.active', name);
  }
  async go(line, column) {
    await this.ask(`:${line}:${column}`);
    await this.keys.press('Enter');
    await this.at(line, column);
  }
  at(line, column) {
    return this.see('.statusbar-item', `Ln ${line}, Col ${column}`);
  }
}

const kLine = '.editor-instance .view-line';
const kTerminal = '.terminal-wrapper .xterm-rows';

// VS Code writes most spaces of a line as one that does not break.
function words(text) {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ /g, '\\s'));
}

const kSteps = {
  async 'a missing program is said, and taken when it is there'(me) {
    await me.open('hal9-canary.runbook');
    await me.see('.notification-toast', 'say where the program is');
    const settings = JSON.stringify({ 'rollbook.program': program });
    write('user/Machine/settings.json', settings);
    await me.see('.codelens-decoration', 'try it in the sandbox');
    await me.command('Notifications: Clear All Notifications');
  },
  async 'a runbook has colours, lenses and hints'(me) {
    await me.go(62, 1);
    await me.see(kLine, /hold\s2h.*at\smost\s28h/);
    const style = (text) =>
      me.page.locator(`${kLine} span[class^=mtk]`, { hasText: text }).first().getAttribute('class');
    const styles = [await style(/^stage$/), await style(/^canary_5$/), await style(/^2h$/)];
    if (new Set(styles).size < 3) throw new Error('keyword, name and number look the same');
  },
  async 'hover says what a metric is'(me) {
    await me.go(50, 12);
    await me.command('Show or Focus Hover');
    await me.see('.monaco-hover', words('metric error_rate = errors / requests'));
    await me.keys.press('Escape');
  },
  async 'the outline has the stages'(me) {
    await me.ask('@canary_25');
    await me.see('.quick-input-list .monaco-list-row', /canary_25.*hal9_canary/);
    await me.keys.press('Escape');
  },
  async 'the definition of a template is found'(me) {
    await me.go(62, 25);
    await me.keys.press('F12');
    await me.at(55, 12);
  },
  async 'a finding is shown where it is'(me) {
    await me.open('broken.runbook');
    await me.see('.squiggly-error');
    await me.keys.press('F8');
    await me.see('.marker-widget', 'no unit is called `hours`');
    await me.keys.press('Escape');
  },
  async 'a fix is offered, and mends it'(me) {
    await me.keys.press('Control+.');
    await me.see('.action-widget', 'change `2hours` to `2h`');
    await me.keys.press('Enter');
    await me.see(kLine, words('within 2h otherwise'));
    await me.see_not('.squiggly-error');
  },
  async 'the words that may stand there are offered'(me) {
    await me.open('minimal.runbook');
    await me.go(13, 16);
    await me.keys.press('Enter');
    await me.keys.type('exp');
    await me.see('.suggest-widget.visible .monaco-list-row', 'expect');
    await me.keys.press('Escape');
    await me.keys.press('Control+z');
    await me.keys.press('Control+z');
    await me.see(kLine, words('hold 30s'));
  },
  async 'a metric gets another name everywhere'(me) {
    await me.go(6, 11);
    await me.keys.press('F2');
    await me.page.locator('.rename-box input').fill('failures');
    await me.keys.press('Enter');
    await me.see(kLine, words('stop failures / requests'));
    await me.see(kLine, words('metric failures'));
  },
  async 'a runbook is laid out'(me) {
    await me.see(kLine, words('metric requests = counter'));
    await me.go(13, 5);
    await me.keys.type('   ');
    await me.see(kLine, /^\s{7}traffic/);
    await me.command('Format Document');
    await me.see(kLine, /^\s{4}traffic\s50/);
  },
  async 'a lens runs what is on the screen'(me) {
    await me.go(14, 5);
    await me.keys.press('End');
    await me.keys.press('Backspace');
    await me.keys.press('Backspace');
    await me.keys.type('1s');
    await me.see(kLine, words('hold 31s'));
    await me.click('.codelens-decoration a', 'try it in the sandbox');
    await me.see(kTerminal, words('succeeded after 31s'));
  },
  async 'a lens runs a scenario, and its outcome is shown'(me) {
    await me.open('minimal.scenario');
    await me.click('.codelens-decoration a', 'run this scenario');
    await me.see(kTerminal, words('✓ a healthy minute'));
    await me.see(kTerminal, words('1 scenario, none failed'));
  },
};

async function try_all(address) {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1400, height: 950 } });
  page.setDefaultTimeout(60000);
  await page.goto(`${address}?folder=${encodeURIComponent(work)}`);
  await page.locator('.monaco-workbench .explorer-viewlet .monaco-list-row').first().waitFor();
  const me = new Person(page);
  let failed = 0;
  for (const [index, [name, step]] of Object.entries(kSteps).entries()) {
    const error = await step(me).then(() => undefined, (reason) => reason);
    const picture = `${String(index + 1).padStart(2, '0')}-${name.replace(/[^a-z]+/g, '-')}.png`;
    await page.screenshot({ path: path.join(out, picture) });
    console.log(error ? `✗ ${name}: ${error.message}` : `✓ ${name}`);
    if (error) ++failed;
  }
  await browser.close();
  console.log(`${Object.keys(kSteps).length - failed} passed, ${failed} failed; see ${out}`);
  return failed;
}

async function main() {
  prepare();
  const { server, address } = serve(fs.createWriteStream(path.join(out, 'code-server.log')));
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    process.exitCode = (await try_all(await address)) === 0 ? 0 : 1;
  } finally {
    server.kill();
    await ended;
  }
}

main()
  .catch((error) => {
    console.error(`editors/vscode/try: ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(scratch, { recursive: true, force: true }));
