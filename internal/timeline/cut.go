package timeline

import "bytes"

// cuts finds lines that CRI and Docker have cut into several, and journald's arrays of bytes: what
// may have an ID that does not stand there in one piece.
type cuts struct {
	// from is where what is not finished begins, of standard output and error; -1: there is
	// nothing. That is with the line before it: a line of the other stream that stands among the
	// pieces may go on with the entry that this is in.
	from   [2]int
	before int // where the line begins before the one that is looked at
}

// dockerCut is the length from which on Docker cuts what a container writes.
const dockerCut = 16 << 10

// find appends the parts of block, which has whole lines, that are to be parsed in any case.
func (c *cuts) find(block []byte, stretches []piece) []piece {
	c.from = [2]int{-1, -1}
	c.before = 0
	for from := 0; from < len(block); {
		to := lineEnd(block, from)
		switch first := block[from]; {
		case first-'0' <= 9:
			if stream, partial, text := cutByCRI(block[from:to]); text != nil {
				stretches = c.piece(stream, partial, from, to, stretches)
			}
		case first == '{' && isJournal(block[from:to]):
			if isByteArray(block[from:to]) {
				stretches = append(stretches, piece{from, to})
			}
		case first == '{' && (to-from > dockerCut || c.open() >= 0):
			if stream, partial, ok := cutByDocker(block[from:to]); ok {
				stretches = c.piece(stream, partial, from, to, stretches)
			}
		}
		c.before, from = from, to
	}
	if from := c.open(); from >= 0 {
		stretches = append(stretches, piece{from, len(block)})
	}
	return stretches
}

// piece takes the piece of a line that stands at from until to. The last one ends what was cut.
func (c *cuts) piece(stream int, partial bool, from, to int, stretches []piece) []piece {
	begun := c.from[stream]
	switch {
	case partial && begun < 0:
		c.from[stream] = c.before
	case !partial && begun >= 0:
		c.from[stream] = -1
		stretches = append(stretches, piece{begun, to})
	}
	return stretches
}

// open returns where that begins which goes on behind the block; -1: there is nothing.
func (c *cuts) open() int {
	out, err := c.from[0], c.from[1]
	if out < 0 || err >= 0 && err < out {
		return err
	}
	return out
}

// cutByCRI takes a line of CRI's apart: 2026-11-26T10:11:12.123456789Z stdout P text. Text is nil
// where it is none. See the comment on the log format in kubernetes/cri-api, pkg/apis/runtime.
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

// cutByDocker tells of a line of Docker's json-file driver: {"log":"text\n","stream":"stdout",…}.
// The text of a line that was cut has no newline at its end.
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

// isJournal tells of a line of JSON whether it may be journald's, whose names are in upper case.
func isJournal(line []byte) bool {
	key := line[1:]
	if len(key) > 0 && key[0] == ' ' { // of older versions
		key = key[1:]
	}
	return len(key) > 1 && key[0] == '"' && (key[1] == '_' || key[1]-'A' <= 'Z'-'A')
}

// isByteArray tells whether the message of a journal's line is an array of numbers, as journald
// writes one that has control characters.
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

// escapedLines appends the lines that have a digit or a letter of an ID as an escape of JSON.
func escapedLines(block []byte, stretches []piece) []piece {
	for from := 0; from < len(block); {
		at := nextEscape(block, from)
		if at < 0 {
			break
		}
		from = lineEnd(block, at)
		stretches = append(stretches, piece{lineStart(block, at), from})
	}
	return stretches
}

// nextEscape returns where the next escape of JSON is that may be a part of an ID; -1: none.
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

// mayBeID tells whether \u00 and these two digits are a hexadecimal digit, or a backslash or a u,
// which may be a part of another escape inside: a line of JSON in a line of JSON.
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
