// Starts `rollbook lsp` for runbooks and scenarios, and runs what a lens offers in a terminal.
'use strict';

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

// Of a runbook as it was in some commit the server would think that it is the file itself.
const kDocuments = ['file', 'untitled'].map((scheme) => ({ scheme, language: 'rollbook' }));

let output;
let client;
let changes = Promise.resolve();

function program() {
  return vscode.workspace.getConfiguration('rollbook').get('program');
}

// The folder that the server and the lenses run in: a program given as `build/rollbook` is in it.
function folder() {
  const first = (vscode.workspace.workspaceFolders || []).find((one) => one.uri.scheme === 'file');
  return first && first.uri.fsPath;
}

async function complain(reason) {
  const settings = 'Open Settings';
  const chosen = await vscode.window.showErrorMessage(
    `\`${program()} lsp\` did not start; say where the program is in the setting ` +
      `rollbook.program (${reason})`,
    settings
  );
  if (chosen) vscode.commands.executeCommand('workbench.action.openSettings', 'rollbook.program');
}

async function start() {
  try {
    // The client says of a program that is missing only that there is no connection.
    await promisify(execFile)(program(), ['--version'], { cwd: folder(), timeout: 10000 });
    const server = { command: program(), args: ['lsp'], options: { cwd: folder() } };
    client = new LanguageClient('rollbook', 'Rollbook', server, {
      documentSelector: kDocuments,
      outputChannel: output,
    });
    await client.start();
  } catch (error) {
    complain(error.message || error);  // not awaited: it stands there until somebody reads it
  }
}

// A client that never started cannot be stopped; there is nothing left of it.
async function stop() {
  const old = client;
  client = undefined;
  if (old) await old.dispose().catch(() => undefined);
}

// One after the other: a client that is only starting cannot be stopped, and two would both speak.
function restart() {
  changes = changes.then(stop).then(start);
  return changes;
}

// The program reads files, and shall read what is on the screen.
async function save() {
  const unsaved = vscode.workspace.textDocuments.filter(
    (one) => one.languageId === 'rollbook' && one.uri.scheme === 'file' && one.isDirty
  );
  const saved = await Promise.all(unsaved.map((one) => one.save()));
  return saved.every(Boolean);
}

// The words of a command line; a terminal runs the program itself, so no shell reads them.
function task_of(definition) {
  const words = definition.words;
  const task = new vscode.Task(
    definition,
    folder() ? vscode.TaskScope.Workspace : vscode.TaskScope.Global,
    [words[0], ...words.slice(1, 2).map((file) => path.basename(file))].join(' '),
    'rollbook',
    new vscode.ProcessExecution(program(), words, { cwd: folder() })
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always };
  return task;
}

async function run(words) {
  if (!(await save())) return;  // VS Code has said why
  await vscode.tasks.executeTask(task_of({ type: 'rollbook', words }));
}

// There is no list of tasks; but one that ran may be run again.
const kTasks = { provideTasks: () => [], resolveTask: (task) => task_of(task.definition) };

exports.activate = (context) => {
  output = vscode.window.createOutputChannel('Rollbook');
  context.subscriptions.push(
    output,
    vscode.tasks.registerTaskProvider('rollbook', kTasks),
    vscode.commands.registerCommand('rollbook.run', run),
    vscode.commands.registerCommand('rollbook.restart', restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('rollbook.program')) restart();
    })
  );
  return restart();
};

exports.deactivate = () => changes.then(stop);
