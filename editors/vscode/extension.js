// Starts `rollbook lsp` for runbooks and scenarios, and runs what a lens offers in a terminal.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

function program() {
  return vscode.workspace.getConfiguration('rollbook').get('program');
}

function start() {
  const server = { command: program(), args: ['lsp'] };
  client = new LanguageClient('rollbook', 'Rollbook', server, {
    documentSelector: [{ language: 'rollbook' }],
  });
  return client.start().catch((error) => {
    vscode.window.showErrorMessage(
      `\`${program()} lsp\` did not start; say where the program is in the setting ` +
        `rollbook.program. (${error.message})`
    );
  });
}

async function restart() {
  // A client that never started cannot be stopped; there is nothing left of it.
  if (client) await client.stop().catch(() => undefined);
  await start();
}

// The words of a command line; a terminal runs the program itself, so no shell reads them.
function run(words) {
  const task = new vscode.Task(
    { type: 'process' },
    vscode.TaskScope.Workspace,
    words.slice(0, 2).join(' '),
    'rollbook',
    new vscode.ProcessExecution(program(), words)
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  return vscode.tasks.executeTask(task);
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand('rollbook.run', run),
    vscode.commands.registerCommand('rollbook.restart', restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('rollbook.program')) restart();
    })
  );
  await start();
};

exports.deactivate = () => client && client.stop().catch(() => undefined);
