#include "tests/dsl/doc_blocks.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace rollbook::dsl {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Words lines_of(const std::string& text) {
  std::istringstream stream(text);
  Words lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// ---- Statements -----------------------------------------------------------------------------

// A statement of `runbook { … }` with what identifies it: of two with one key, one is meant.
struct Statement {
  std::string key;
  std::string text;
};

std::string key_of(const std::string& line) {
  const Words words = words_of(line);
  const std::string& first = words.front();
  const std::string second = words.size() > 1 ? words[1] : "";
  for (const char* named :
       {"role", "metric", "channel", "action", "param", "template", "decide", "rollback"}) {
    if (first == named) return first + " " + second;
  }
  return first;
}

// Braces outside comments; the texts of the documentation have their braces in pairs.
int depth_change(const std::string& line) {
  int depth = 0;
  for (const char c : line.substr(0, line.find(" #"))) depth += c == '{' ? 1 : c == '}' ? -1 : 0;
  return depth;
}

std::vector<Statement> statements_of(const std::string& body) {
  std::vector<Statement> statements;
  int depth = 0;
  for (const std::string& line : lines_of(body)) {
    const Words words = words_of(line);
    if (words.empty() || words.front().starts_with('#')) continue;
    if (depth == 0) statements.push_back({key_of(line), ""});
    statements.back().text += line + "\n";
    depth += depth_change(line);
  }
  return statements;
}

bool has_word(const std::string& text, const std::string& first) {
  const Words lines = lines_of(text);
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    const Words words = words_of(line);
    return !words.empty() && words.front() == first;
  });
}

// ---- The frame ------------------------------------------------------------------------------

// A runbook that fragments are put into: `edition`, imports, the head and the statements.
class Frame {
 public:
  Frame() = default;
  explicit Frame(const std::string& text) {
    const std::size_t head = text.find("\nrunbook ") + 1;
    const std::size_t open = text.find('{', head);
    const std::size_t close = text.rfind('}');
    if (head == 0 || close == std::string::npos) throw std::runtime_error("a frame is a runbook");
    before_ = text.substr(0, head);
    head_ = text.substr(head, open + 1 - head) + "\n";
    statements_ = statements_of(text.substr(open + 1, close - open - 1));
  }

  // The fragment's statements, then those of the frame that they do not replace. A fragment that
  // says where traffic ends is the end: the frame's last stage goes.
  Frame with(const std::string& body) const {
    Frame merged = *this;
    merged.statements_.clear();
    for (Statement& statement : statements_of(body)) {
      if (statement.key == "import") {
        merged.before_ += statement.text;
      } else {
        merged.statements_.push_back(std::move(statement));
      }
    }
    const std::vector<Statement> own = merged.statements_;
    const bool ends = body.find("finish traffic") != std::string::npos;
    for (const Statement& statement : statements_) {
      const bool last = statement.text.find("stage last ") != std::string::npos;
      const bool replaced = std::any_of(
          own.begin(), own.end(), [&](const Statement& each) { return each.key == statement.key; });
      if (last ? !ends : !replaced) merged.statements_.push_back(statement);
    }
    return merged;
  }

  std::string text() const {
    std::string text = before_ + head_;
    for (const Statement& statement : statements_) text += statement.text;
    return text + "}\n";
  }

 private:
  std::string before_, head_;
  std::vector<Statement> statements_;
};

// What a stage needs beside what is shown of it.
std::string stage_around(const std::string& text) {
  std::string stage = "stage example {\n";
  const bool moves = has_word(text, "traffic") || has_word(text, "ramp");
  if (!moves) stage += "traffic 10%\n";
  stage += text;
  const bool leads = text.find("otherwise") != std::string::npos || has_word(text, "decide");
  if (!leads) stage += "within 24h otherwise rollback automatic\n";
  return stage + "}\n";
}

std::string guard_around(const std::string& text) {
  const bool leads = text.find("otherwise") != std::string::npos;
  return "guard {\n" + text + (leads ? "" : "otherwise rollback automatic\n") + "}\n";
}

// ---- Blocks ---------------------------------------------------------------------------------

bool is_mark(const std::string& word) {
  return word == "wrong" || word == "later" || word == "warns";
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void block(std::size_t line, const std::string& info, const std::string& text) {
    DocBlock block;
    block.place = file_ + ":" + std::to_string(line);
    const Words words = words_of(info);
    std::size_t i = 0;
    std::string kind;
    if (i < words.size() && !is_mark(words[i])) kind = words[i++];
    if (kind == "file") {
      if (i == words.size()) throw std::runtime_error(block.place + ": a file needs a name");
      files_[words[i]] = text;
      return;
    }
    Words* codes = nullptr;
    for (; i < words.size(); ++i) {
      if (words[i] == "wrong" || words[i] == "later") {
        codes = &block.wrong;
        block.later = words[i] == "later";
      } else if (words[i] == "warns") {
        codes = &block.warns;
      } else if (codes != nullptr && words[i].starts_with("RB")) {
        codes->push_back(words[i]);
      } else {
        throw std::runtime_error(block.place + ": `" + words[i] + "` is no mark");
      }
    }
    block.text = whole(block.place, kind, text);
    block.files = files_;
    blocks_.push_back(std::move(block));
  }

  std::vector<DocBlock> take() { return std::move(blocks_); }

 private:
  std::string whole(const std::string& place, const std::string& kind, const std::string& text) {
    if (kind.empty()) return text;
    if (kind == "frame") frame_ = Frame(text);
    if (kind == "frame") return text;
    if (kind == "body") return frame_.with(text).text();
    if (kind == "stage") return frame_.with(stage_around(text)).text();
    if (kind == "guard") return frame_.with(guard_around(text)).text();
    if (kind == "add") {
      frame_ = frame_.with(text);
      return frame_.text();
    }
    throw std::runtime_error(place + ": `" + kind + "` is no kind of block");
  }

  std::string file_;
  Frame frame_;
  std::map<std::string, std::string> files_;
  std::vector<DocBlock> blocks_;
};

}  // namespace

std::vector<DocBlock> doc_blocks(const std::string& file, const std::string& markdown) {
  const std::string fence = "```";
  const std::string opening = "```runbook";
  Reader reader(file);
  std::string text;
  std::string info;
  std::size_t number = 0;
  std::size_t opened = 0;  // the line of the fence of a runbook; 0: none is open
  bool foreign = false;    // in a block of another language
  for (const std::string& line : lines_of(markdown)) {
    ++number;
    if (opened == 0 && !foreign) {
      const bool runbook = line == opening || line.starts_with(opening + " ");
      if (runbook) {
        opened = number;
        info = line.substr(opening.size());
        text.clear();
      } else if (line.starts_with(fence)) {
        foreign = true;
      }
    } else if (line != fence) {
      text += line + "\n";
    } else {
      if (opened != 0) reader.block(opened, info, text);
      opened = 0;
      foreign = false;
    }
  }
  if (opened != 0 || foreign) throw std::runtime_error(file + ": a block is not closed");
  return reader.take();
}

}  // namespace rollbook::dsl
