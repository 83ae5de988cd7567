#include "tools/lsp/server.h"

#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

// JSON-RPC 2.0 and LSP 3.17.
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kNotInitialized = -32002;
constexpr int kRequestFailed = -32803;

constexpr int kIncremental = 2;

// What a request is refused with.
struct Refusal {
  int code;
  std::string message;
};

Json capabilities() {
  return {{"capabilities",
           {{"positionEncoding", "utf-16"},
            {"textDocumentSync", {{"openClose", true}, {"change", kIncremental}}},
            {"hoverProvider", true},
            {"completionProvider", {{"triggerCharacters", {" ", "{", "(", "."}}}},
            {"definitionProvider", true},
            {"referencesProvider", true},
            {"documentHighlightProvider", true},
            {"renameProvider", {{"prepareProvider", true}}},
            {"documentSymbolProvider", true},
            {"codeActionProvider", {{"codeActionKinds", {"quickfix"}}}},
            {"documentFormattingProvider", true},
            {"codeLensProvider", {{"resolveProvider", false}}},
            {"inlayHintProvider", true}}},
          {"serverInfo", {{"name", "rollbook"}, {"version", ROLLBOOK_VERSION}}}};
}

const std::string& uri_of(const Json& params) {
  return params.at("textDocument").at("uri").get_ref<const std::string&>();
}

}  // namespace

void Server::reply(const Json& id, const Json& result) {
  send_({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

void Server::fail(const Json& id, int code, const std::string& message) {
  send_({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}});
}

void Server::refuse(const std::string& reason) { fail(nullptr, kInvalidRequest, reason); }

void Server::receive(const std::string& body) {
  const Json message = Json::parse(body, nullptr, false);
  if (message.is_discarded()) {
    fail(nullptr, kParseError, "the message is no JSON");
    return;
  }
  if (!message.is_object()) {
    refuse("a message is one JSON object");
    return;
  }
  handle(message);
}

// The border of nlohmann: a field that is missing or of the wrong type throws. A notification has
// no answer, so the editor's log is told.
void Server::handle(const Json& message) {
  const auto id_field = message.find("id");
  const bool request = id_field != message.end();
  const Json id = request ? *id_field : Json(nullptr);
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string()) {
    // An answer to a request of ours would have no method: we make none.
    if (!message.contains("result") && !message.contains("error"))
      fail(id, kInvalidRequest, "a message needs a `method`");
    return;
  }
  static const Json kNone = Json::object();
  const auto params = message.find("params");
  const Request asked{method->get<std::string>(), params == message.end() ? kNone : *params};
  try {
    if (request) {
      reply(id, answer(asked));
    } else {
      notify(asked);
    }
  } catch (const Refusal& refusal) {
    fail(id, refusal.code, refusal.message);
  } catch (const Json::exception& error) {
    const std::string reason = "`" + asked.method + "`: " + error.what();
    if (request) {
      fail(id, kInvalidParams, reason);
    } else {
      constexpr int kError = 1;
      send_({{"jsonrpc", "2.0"},
             {"method", "window/logMessage"},
             {"params", {{"type", kError}, {"message", reason}}}});
    }
  }
}

void Server::notify(const Request& notification) {
  const std::string& method = notification.method;
  if (method == "exit") exited_ = true;
  if (!initialized_ || shut_down_) return;
  if (method == "textDocument/didOpen") open(notification.params);
  if (method == "textDocument/didChange") change(notification.params);
  if (method == "textDocument/didClose") close(notification.params);
}

Json Server::answer(const Request& request) {
  if (request.method == "initialize") {
    if (initialized_) throw Refusal{kInvalidRequest, "the server is initialized already"};
    take_root(request.params);
    initialized_ = true;
    return capabilities();
  }
  if (!initialized_) throw Refusal{kNotInitialized, "`initialize` comes first"};
  if (shut_down_) throw Refusal{kInvalidRequest, "the server is shut down"};
  if (request.method == "shutdown") {
    shut_down_ = true;
    return nullptr;
  }
  if (!request.method.starts_with("textDocument/"))
    throw Refusal{kMethodNotFound, "`" + request.method + "` is not supported"};
  Document* document = find(request.params);
  if (document == nullptr)
    throw Refusal{kInvalidParams, "`" + uri_of(request.params) + "` is not open"};
  const core::Result<Json> result = answer_about(*document, request);
  if (!result) throw Refusal{kRequestFailed, result.error().message};
  return *result;
}

core::Result<Json> Server::answer_about(Document& document, const Request& request) {
  const std::string_view method =
      std::string_view(request.method).substr(std::string_view("textDocument/").size());
  const Json& params = request.params;
  const auto where = [&] { return to_position(params.at("position")); };
  if (method == "hover") return hover(document, where(), workspace_);
  if (method == "completion") return completion(document, where(), workspace_);
  if (method == "definition") return definition(document, where(), workspace_);
  if (method == "documentHighlight") return highlights(document, where());
  if (method == "prepareRename") return prepare_rename(document, where(), workspace_);
  if (method == "documentSymbol") return symbols(document);
  if (method == "codeLens") return lenses(document);
  if (method == "formatting") return layout(document);
  if (method == "inlayHint") return inlay_hints(document, to_range(params.at("range")));
  if (method == "codeAction") return code_actions(document, to_range(params.at("range")));
  if (method == "rename")
    return rename(document, where(), params.at("newName").get_ref<const std::string&>(),
                  workspace_);
  if (method == "references") {
    const Json& context = params.at("context");
    return references(document, where(), context.at("includeDeclaration").get<bool>(), workspace_);
  }
  throw Refusal{kMethodNotFound, "`" + request.method + "` is not supported"};
}

Document* Server::find(const Json& params) {
  const auto found = workspace_.open.find(uri_of(params));
  return found == workspace_.open.end() ? nullptr : &found->second;
}

// The folder that is open; of several the first. Who opens a file alone names none.
void Server::take_root(const Json& params) {
  const auto folders = params.find("workspaceFolders");
  const auto root = params.find("rootUri");
  if (folders != params.end() && folders->is_array() && !folders->empty()) {
    workspace_.root = path_of(folders->front().at("uri").get<std::string>());
  } else if (root != params.end() && root->is_string()) {
    workspace_.root = path_of(root->get<std::string>());
  }
}

// Its own findings are owed, and those of whoever takes something of it.
void Server::changed(const Document& document) {
  dirty_.insert(document.uri());
  for (const std::string& uri : workspace_.forget(document.file())) dirty_.insert(uri);
}

void Server::open(const Json& params) {
  const Json& item = params.at("textDocument");
  const std::string& uri = uri_of(params);
  Document document(uri, item.at("version").get<std::int64_t>(), item.at("text").get<std::string>(),
                    workspace_);
  changed(workspace_.open.insert_or_assign(uri, std::move(document)).first->second);
}

void Server::change(const Json& params) {
  Document* document = find(params);
  if (document == nullptr) return;
  // All is read before anything is changed: half a change would leave another text than the
  // editor's.
  struct Change {
    std::optional<Range> range;
    std::string text;
  };
  std::vector<Change> changes;
  for (const Json& one : params.at("contentChanges")) {
    Change change{std::nullopt, one.at("text").get<std::string>()};
    if (const auto range = one.find("range"); range != one.end()) change.range = to_range(*range);
    changes.push_back(std::move(change));
  }
  document->set_version(params.at("textDocument").at("version").get<std::int64_t>());
  for (Change& change : changes) {
    if (change.range) {
      document->change(*change.range, change.text);
    } else {
      document->change_all(std::move(change.text));
    }
  }
  changed(*document);
}

void Server::close(const Json& params) {
  const std::string& uri = uri_of(params);
  const auto found = workspace_.open.find(uri);
  if (found == workspace_.open.end()) return;
  const std::string path = found->second.file();
  workspace_.open.erase(found);
  dirty_.erase(uri);
  for (const std::string& other : workspace_.forget(path)) dirty_.insert(other);
  send_({{"jsonrpc", "2.0"},
         {"method", "textDocument/publishDiagnostics"},
         {"params", {{"uri", uri}, {"diagnostics", Json::array()}}}});
}

void Server::settle() {
  for (const std::string& uri : dirty_)
    send_({{"jsonrpc", "2.0"},
           {"method", "textDocument/publishDiagnostics"},
           {"params", diagnostics(workspace_.open.at(uri))}});
  dirty_.clear();
}

}  // namespace rollbook::tools::lsp
