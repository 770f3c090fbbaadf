package timeline

import "bytes"

// cuts finds entries in which a search may miss the ID, because the ID is not in one piece: lines
// that CRI or Docker has cut into parts, and journald's arrays of bytes.
type cuts struct {
	// from[0] is for an unfinished line on standard output, and from[1] for one on standard error;
	// -1: no line is unfinished. The value is the index at which the parser must begin: one line
	// before the first part. The reason is that a line of the other stream may be among the parts.
	// That line may belong to the entry before the parts.
	from   [2]int
	before int // the beginning of the line before the current one
}

// dockerCut is the length at which Docker cuts a line.
const dockerCut = 16 << 10

// find appends to pieces the parts of block that must be parsed even without a hit, and returns
// the result. The block consists of whole lines.
func (c *cuts) find(block []byte, pieces []piece) []piece {
	c.from = [2]int{-1, -1}
	c.before = 0
	for from := 0; from < len(block); {
		to := lineEnd(block, from)
		switch first := block[from]; {
		case first-'0' <= 9:
			if stream, partial, text := cutByCRI(block[from:to]); text != nil {
				pieces = c.piece(stream, partial, from, to, pieces)
			}
		case first == '{' && isJournal(block[from:to]):
			if isByteArray(block[from:to]) {
				pieces = append(pieces, piece{from, to})
			}
		case first == '{' && (to-from > dockerCut || c.open() >= 0):
			if stream, partial, ok := cutByDocker(block[from:to]); ok {
				pieces = c.piece(stream, partial, from, to, pieces)
			}
		}
		c.before, from = from, to
	}
	if from := c.open(); from >= 0 {
		pieces = append(pieces, piece{from, len(block)})
	}
	return pieces
}

// piece handles block[from:to], which is one part of a line that CRI or Docker has cut. At the
// last part, it appends the range of all parts to pieces.
func (c *cuts) piece(stream int, partial bool, from, to int, pieces []piece) []piece {
	begun := c.from[stream]
	switch {
	case partial && begun < 0:
		c.from[stream] = c.before
	case !partial && begun >= 0:
		c.from[stream] = -1
		pieces = append(pieces, piece{begun, to})
	}
	return pieces
}

// open returns the smaller index in c.from: the parser must begin there, because a line is
// unfinished; -1: no line is unfinished.
func (c *cuts) open() int {
	out, err := c.from[0], c.from[1]
	if out < 0 || err >= 0 && err < out {
		return err
	}
	return out
}

// cutByCRI reads a line of CRI: 2026-11-26T10:11:12.123456789Z stdout P text. The result text is
// nil if the line has another form. See the comment on the log format in kubernetes/cri-api,
// pkg/apis/runtime.
func cutByCRI(line []byte) (stream int, partial bool, text []byte) {
	const shortest, longest = len("2026-11-26T10:11:12Z"), len("2026-11-26T10:11:12.123456789+01:00")
	if len(line) < shortest || line[4] != '-' || line[7] != '-' || line[10] != 'T' {
		return 0, false, nil
	}
	end := bytes.IndexByte(line[:min(len(line), longest+1)], ' ')
	if end < shortest {
		return 0, false, nil
	}
	tagged := line[end+1:]
	switch {
	case bytes.HasPrefix(tagged, []byte("stdout ")):
	case bytes.HasPrefix(tagged, []byte("stderr ")):
		stream = 1
	default:
		return 0, false, nil
	}
	tags, text, ok := bytes.Cut(tagged[len("stdout "):], []byte(" "))
	if !ok {
		return 0, false, nil
	}
	tag, _, _ := bytes.Cut(tags, []byte(":"))
	return stream, string(tag) == "P", text
}

// cutByDocker reads a line of Docker's json-file driver: {"log":"text\n","stream":"stdout",…}. The
// text of a cut line has no newline at its end.
func cutByDocker(line []byte) (stream int, partial, ok bool) {
	if !bytes.HasPrefix(line, []byte(`{"log":"`)) {
		return 0, false, false
	}
	at := bytes.LastIndex(line, []byte(`","stream":"std`))
	if at < 0 {
		return 0, false, false
	}
	if bytes.HasPrefix(line[at:], []byte(`","stream":"stderr`)) {
		stream = 1
	}
	return stream, !bytes.HasSuffix(line[:at], []byte(`\n`)), true
}

// isJournal reports whether a line of JSON may be journald's. The first key of such a line is in
// upper case, or begins with an underscore.
func isJournal(line []byte) bool {
	key := line[1:]
	if len(key) > 0 && key[0] == ' ' { // older versions write a space
		key = key[1:]
	}
	return len(key) > 1 && key[0] == '"' && (key[1] == '_' || key[1]-'A' <= 'Z'-'A')
}

// isByteArray reports whether the message of a journal's line is an array of numbers. Journald
// writes a message with control characters in this form.
func isByteArray(line []byte) bool {
	for {
		at := bytes.Index(line, []byte(`"MESSAGE"`))
		if at < 0 {
			return false
		}
		line = line[at+len(`"MESSAGE"`):]
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t:"), []byte("[")) {
			return true
		}
	}
}

// escapedLines appends to pieces the lines in which a digit or a letter of an ID may be written as
// a JSON escape, and returns the result.
func escapedLines(block []byte, pieces []piece) []piece {
	for from := 0; from < len(block); {
		at := nextEscape(block, from)
		if at < 0 {
			break
		}
		from = lineEnd(block, at)
		pieces = append(pieces, piece{lineStart(block, at), from})
	}
	return pieces
}

// nextEscape returns the index of the next JSON escape that may be a part of an ID; -1: there is
// none.
func nextEscape(block []byte, from int) int {
	for {
		at := bytes.Index(block[from:], []byte(`\u00`))
		if at < 0 || from+at+6 > len(block) {
			return -1
		}
		from += at
		if mayBeID(block[from+4], block[from+5]) {
			return from
		}
		from += 4
	}
}

// mayBeID reports whether \u00 and these two digits stand for a hexadecimal digit, or for a
// backslash or a u. A backslash and a u may begin an escape of inner JSON, if a line of JSON
// contains another line of JSON as a text.
func mayBeID(high, low byte) bool {
	switch high {
	case '3':
		return low-'0' <= 9
	case '4', '6':
		return '1' <= low && low <= '6'
	case '5':
		return low|' ' == 'c'
	case '7':
		return low == '5'
	}
	return false
}
