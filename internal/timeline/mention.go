package timeline

import "bytes"

// A mention is a trace ID in plain text.
type mention struct {
	trace   ID
	span    uint64 // 0: none
	service string // "": none
	rank    int    // the mention with the lowest rank is used; 0: there is no mention
	digits  uint8  // the number of digits of the ID, 16 or 32; 0: its form does not show it

	open, close int // for byBracket: the indexes of the brackets
}

// These ranks order the signs that an ID in plain text is the line's trace ID. The first is the
// most certain.
const (
	byUser    = 1 + iota // a name that the user has chosen, and the ID behind it
	byName               // trace_id=
	byShape              // a traceparent or b3 value
	byPath               // a resource name or a URL
	byBracket            // [ID], as logback writes it
)

// mention returns the ID that plain text marks as a trace ID: behind trace_id=, traceId: or
// X-B3-TraceId, as 32 digits in brackets, as 16 digits and a span ID in brackets, in the value of
// a b3 or traceparent header, or in a resource name. Any other ID may be a hash or a session.
func (n *naming) mention(text []byte) mention {
	var best mention
	span, start := uint64(0), 0
	for i := 0; ; {
		if start, i = nextRun(text, i); start == i {
			break
		}
		m := n.look(text, start, i)
		if m.trace != (ID{}) && (best.rank == 0 || m.rank < best.rank) {
			best = m
		}
		if m.trace == (ID{}) && m.span != 0 {
			span = m.span
		}
	}
	if best.rank > 0 && best.span == 0 {
		best.span = span
	}
	return best
}

// nextRun returns the next run of hexadecimal digits at the index from or behind it. The run has
// at least minDecimal digits, and no letter, digit or underscore before or behind it. If there is
// no such run, start and end are 0. Only each minDecimal-th byte must be looked at, because a run
// of that length contains one of them.
func nextRun(text []byte, from int) (start, end int) {
	for i := from + minDecimal - 1; i < len(text); i += minDecimal {
		if digits[text[i]] == noDigit {
			continue
		}
		start, end = i, hexEnd(text, i)
		for start > from && digits[text[start-1]] != noDigit {
			start--
		}
		if end-start >= minDecimal && !isWord(at(text, start-1)) && !isWord(at(text, end)) {
			return start, end
		}
		from = end
		i = end - 1
	}
	return 0, 0
}

// look returns the mention whose trace ID is text[i:end]. If these digits are a span ID, the
// mention contains only the span. If they are neither, the mention is zero.
func (n *naming) look(text []byte, i, end int) mention {
	name, custom := n.nameBefore(text, i)
	switch name.role {
	case roleTrace:
		if m, ok := namedMention(text, i, end, name, custom); ok {
			return m
		}
	case roleSpan:
		return mention{span: runSpan(text[i:end], name.datadog)}
	case roleParent, roleCallerParent:
		return mention{}
	}
	id, ok := hexID(text[i:end])
	if !ok {
		return mention{}
	}
	switch {
	case isTraceparent(text, i, end), isB3(text, end):
		return mention{trace: id, rank: byShape}
	case bytes.HasSuffix(text[:i], []byte("/traces/")), bytes.HasSuffix(text[:i], []byte("/trace/")):
		return mention{trace: id, rank: byPath}
	}
	return bracketed(text, i, end, id)
}

// namedMention returns the mention of the ID text[i:end] behind a name for traces. A weak name is
// accepted if the user has chosen it. A weak name whose claim has inText is also accepted, if the
// ID contains a letter.
func namedMention(text []byte, i, end int, name claim, custom bool) (mention, bool) {
	if name.weak && !custom && !(name.inText && bytes.ContainsAny(text[i:end], hexLetters)) {
		return mention{}, false
	}
	id, ok := runID(text, i, end, name.datadog)
	if !ok {
		return mention{}, false
	}
	m := mention{trace: id, rank: byName}
	// Other forms always pad the ID, so the number of their digits shows nothing.
	if before := at(text, i-1); before != '-' && before != '/' && (end-i == 16 || end-i == 32) {
		m.digits = uint8(end - i)
	}
	if custom {
		m.rank = byUser
	}
	return m, true
}

// runID returns the ID in a run of digits behind a name.
func runID(text []byte, i, end int, datadog bool) (ID, bool) {
	run := text[i:end]
	if len(run) > 16 && len(run) <= 20 || datadog && len(run) < 16 {
		if n, ok := decimal(run); ok {
			return ID{Low: n}, true
		}
	}
	if id, ok := xrayID(text, i, end); ok {
		return id, true
	}
	return hexID(run)
}

func runSpan(run []byte, datadog bool) uint64 {
	if len(run) == 16 {
		return hexValue(run)
	}
	if n, ok := decimal(run); ok && (datadog || len(run) > 16) {
		return n
	}
	return 0
}

// nameSpan is the longest name in plain text, and gapSpan the longest gap between a name and its
// value.
const (
	nameSpan = 64
	gapSpan  = 24
)

// nameBefore returns the meaning of the name before the value at i, such as name=, "name": or
// name:. The result custom reports whether the user has chosen the name.
func (n *naming) nameBefore(text []byte, i int) (c claim, custom bool) {
	j, sign := i, false
	for ; j > 0 && i-j < gapSpan; j-- {
		switch text[j-1] {
		case '=', ':':
			sign = true
			continue
		case ' ', '"', '\'', '\\', '[':
			continue
		case '-': // behind the version of a traceparent, or the first part of X-Ray's form
			if k := headOfShape(text, j); k > 0 {
				j = k + 1
				continue
			}
		case '/': // in a resource name
			if k := headOfPath(text, j); k > 0 {
				j = k + 1
				continue
			}
		}
		break
	}
	end := j
	for j > 0 && end-j < nameSpan && isName(text[j-1]) {
		j--
	}
	if !sign || j == end {
		return claim{}, false
	}
	name := string(text[j:end])
	c = n.claim(name)
	return c, n.custom && n.rank(c, name) < 0
}

func isName(c byte) bool { return isWord(c) || c == '-' || c == '.' || c == '@' }

// headOfShape returns the beginning of a prefix such as 00- or 1-5759e988- that ends at i; 0:
// there is none.
func headOfShape(text []byte, i int) int {
	for _, n := range []int{len("00-"), len("1-5759e988-")} {
		start := i - n
		if start <= 0 || isWord(text[start-1]) {
			continue
		}
		if n == 3 && hexEnd(text, start) == i-1 || n > 3 && text[start] == '1' && text[start+1] == '-' && hexEnd(text, start+2) == i-1 {
			return start
		}
	}
	return 0
}

// headOfPath returns the beginning of a prefix such as projects/P/traces/ that ends at i; 0: there
// is none.
func headOfPath(text []byte, i int) int {
	if !bytes.HasSuffix(text[:i], []byte("/traces/")) {
		return 0
	}
	from := max(0, i-nameSpan)
	if at := bytes.LastIndex(text[from:i], []byte("projects/")); at >= 0 {
		return from + at
	}
	return 0
}

// isTraceparent reports whether text[i:end] is the trace ID in the value of a traceparent header.
func isTraceparent(text []byte, i, end int) bool {
	return end-i == 32 && i >= 3 && text[i-1] == '-' && hexEnd(text, i-3) == i-1 && (i == 3 || !isWord(text[i-4])) &&
		at(text, end) == '-' && isSpan(text, end+1) && at(text, end+17) == '-' && hexEnd(text, end+18) == end+20
}

// isB3 reports whether the digits before the index end are the trace ID in the value of a b3
// header, and the value has a sampling state.
func isB3(text []byte, end int) bool {
	if at(text, end) != '-' || !isSpan(text, end+1) || at(text, end+17) != '-' {
		return false
	}
	state := at(text, end+18)
	return (state == '0' || state == '1' || state == 'd') && !isWord(at(text, end+19))
}

// bracketed returns the mention of an ID in [ID], [ID,SPAN], [ID-SPAN] or [SERVICE,ID,SPAN…], as
// Spring's loggers write it.
func bracketed(text []byte, i, end int, id ID) mention {
	m := mention{trace: id, rank: byBracket, digits: uint8(end - i), open: i - 1, close: end}
	switch at(text, end) {
	case ']':
		if end-i != 32 {
			return mention{}
		}
	case ',', '-', ' ':
		if !isSpan(text, end+1) || at(text, end+17) != ']' && at(text, end+17) != ',' {
			return mention{}
		}
		m.span = hexValue(text[end+1 : end+17])
		m.close = end + 17
		for m.close < len(text) && text[m.close] != ']' {
			m.close++
		}
	default:
		return mention{}
	}
	if at(text, m.open) == ',' {
		m.open = bytes.LastIndexByte(text[max(0, i-nameSpan):i], '[') + max(0, i-nameSpan)
		service := text[m.open+1 : i-1]
		if !isServiceName(service) {
			return mention{}
		}
		m.service = string(service)
	}
	if at(text, m.open) != '[' {
		return mention{}
	}
	return m
}

func isServiceName(s []byte) bool {
	for _, c := range s {
		if !isName(c) {
			return false
		}
	}
	return true
}

// named returns the value behind name= or name: in plain text.
func named(text []byte, name string) (value []byte, ok bool) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(name))
		if i < 0 {
			return nil, false
		}
		i += from
		from = i + len(name)
		if i > 0 && isName(text[i-1]) {
			continue
		}
		sign := bytes.TrimLeft(text[from:min(len(text), from+4)], "\"")
		if len(sign) == 0 || sign[0] != '=' && sign[0] != ':' {
			continue
		}
		value = bytes.TrimLeft(text[from:], "\"=: ")
		if end := bytes.IndexAny(value[:min(len(value), 256)], " \",;|]\t"); end >= 0 {
			value = value[:end]
		}
		return value, len(value) > 0 && len(value) <= 256
	}
}
