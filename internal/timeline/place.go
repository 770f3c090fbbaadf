package timeline

import (
	"bytes"
	"slices"
)

// A place is where in the source code a line was logged: a file and a line number, or the name of
// a logger. maxPlace is its largest length in bytes. A longer place is cut.
const maxPlace = 96

// placeKeys contains the keys under which loggers write the place of a line. The first row is for
// zerolog and zap. The next two rows are for slog's source, ECS and Python. The last row is for
// loggers with names.
var placeKeys = map[string]part{
	"caller":      partCaller,
	"source.file": partFile, "log.origin.file.name": partFile, "pathname": partFile, "filename": partFile, "file": partFile,
	"source.line": partLine, "log.origin.file.line": partLine, "lineno": partLine, "line": partLine,
	"logger": partLogger, "logger_name": partLogger, "log.logger": partLogger, "loggerName": partLogger,
}

// placed contains the parts of a line's place. A part is nil if the line lacks it.
type placed struct{ caller, file, line, logger, name []byte }

// append appends the place to dst.
func (p *placed) append(dst []byte) []byte {
	switch {
	case len(p.caller) > 0:
		dst = append(dst, lastPart(p.caller)...)
	case len(p.file) > 0:
		dst = append(dst, lastPart(p.file)...)
		if len(p.line) > 0 {
			dst = append(append(dst, ':'), p.line...)
		}
	case len(p.logger) > 0:
		dst = append(dst, p.logger...)
	default:
		dst = append(dst, p.name...)
	}
	return dst[:min(len(dst), maxPlace)]
}

// lastPart returns the text behind the last separator of a path.
func lastPart(path []byte) []byte { return path[bytes.LastIndexAny(path, `/\`)+1:] }

// place returns the place of the line. The result is false if the place needs decoding, or is not
// printable ASCII.
func (q *quickLine) place() (string, bool) {
	p := placed{q.word(partCaller), q.word(partFile), q.get(partLine), q.word(partLogger), nil}
	if q.bunyan() == nil {
		p.name = q.word(partName)
	}
	for _, b := range [...][]byte{p.caller, p.file, p.line, p.logger} { // the name is always plain
		if plainEnd(b, 0) < len(b) {
			return "", false
		}
	}
	var buf [maxPlace]byte
	return q.parser.texts.share(p.append(buf[:0])), true
}

// word returns the text of a part; nil: the part is no text.
func (q *quickLine) word(k part) []byte {
	if !q.values[k].text {
		return nil
	}
	return q.get(k)
}

// placeOf returns the place of an entry.
func (p *Parser) placeOf(e *Entry) []byte {
	if len(e.Fields) == 0 {
		return placeIn([]byte(e.Text))
	}
	var at placed
	for i := range e.Fields {
		f := &e.Fields[i]
		switch is := placeKeys[f.Key]; {
		case is == partLine:
			at.line = []byte(f.Value)
		case !f.Text:
		case is == partCaller:
			at.caller = []byte(f.Value)
		case is == partFile:
			at.file = []byte(f.Value)
		case is == partLogger:
			at.logger = []byte(f.Value)
		case f.Key == "name" && e.Service != f.Value:
			at.name = []byte(f.Value)
		}
	}
	return at.append(nil)
}

// sourceFiles are the ends of source file names, with the colon that loggers write before the line
// number.
var sourceFiles = [][]byte{[]byte(".go:"), []byte(".py:"), []byte(".java:"), []byte(".kt:"), []byte(".js:"), []byte(".ts:"), []byte(".rb:"), []byte(".rs:"), []byte(".cs:")}

// placeIn returns the place in plain text: a file and a line number, else the name of a logger
// before a dash or a colon.
func placeIn(text []byte) []byte {
	text, _, _ = bytes.Cut(text[:min(len(text), 256)], []byte("\n"))
	words := bytes.Fields(text)
	for _, word := range words {
		word = bytes.Trim(word, "[](),:-")
		isFile := func(end []byte) bool {
			i := bytes.Index(word, end)
			return i > 0 && i+len(end) < len(word) && digitsEnd(word, i+len(end)) == len(word)
		}
		if slices.ContainsFunc(sourceFiles, isFile) {
			word = lastPart(word)
			return word[:min(len(word), maxPlace)]
		}
	}
	for i := 1; i < len(words); i++ {
		if (string(words[i]) == "-" || string(words[i]) == ":") && isLogger(words[i-1]) {
			return words[i-1][:min(len(words[i-1]), maxPlace)]
		}
	}
	return nil
}

// isLogger reports whether a word may be the name of a logger: com.example.Shop, shop.db.
func isLogger(word []byte) bool {
	for _, c := range word {
		if !isWord(c) && c != '.' && c != '$' {
			return false
		}
	}
	return len(word) > 0 && word[0]-'0' > 9 && bytes.IndexByte(word, '.') > 0
}
