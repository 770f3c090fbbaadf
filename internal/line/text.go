package line

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// plain reads a line that is not JSON: key=value pairs, or what Console writes.
func (r *reader) plain() error {
	if strings.IndexByte(r.text, '\x1b') >= 0 {
		r.text, r.pos = withoutEscapes(r.text), 0
		r.space()
	}
	if strings.ContainsAny(r.text, "\r\n") {
		return fault{strings.IndexAny(r.text, "\r\n"), "more than one line"}
	}
	p := pairAt(r.text, r.pos)
	if p.end == 0 {
		return r.console()
	}
	for {
		r.addPair(p, false)
		if r.pos = p.end; r.pos == len(r.text) {
			return nil
		}
		for r.pos < len(r.text) && r.text[r.pos] == ' ' {
			r.pos++
		}
		if p = pairAt(r.text, r.pos); p.end == 0 {
			return r.fault("no key=value pair")
		}
	}
}

// pair is where in a text key=value stands. End is 0 where there is none.
type pair struct{ start, value, end int }

// pairAt returns the pair that begins at i.
func pairAt(s string, i int) pair {
	p := pair{start: i}
	if i < len(s) && s[i] == '"' {
		i = quotedEnd(s, i)
		if i == 0 || i == len(s) || s[i] != '=' {
			return pair{}
		}
	} else {
		for i < len(s) && s[i] != '=' {
			if s[i] == ' ' || s[i] == '"' {
				return pair{}
			}
			i++
		}
		if i == p.start || i == len(s) {
			return pair{}
		}
	}
	p.value = i + 1
	if p.value < len(s) {
		switch s[p.value] {
		case '"':
			if end := quotedEnd(s, p.value); end > 0 && (end == len(s) || s[end] == ' ') {
				p.end = end
				return p
			}
		case '{', '[': // only Console writes these without quotes
			r := reader{text: s, pos: p.value}
			if r.skip(1) == nil && (r.pos == len(s) || s[r.pos] == ' ') {
				p.end = r.pos
				return p
			}
		}
	}
	p.end = wordEnd(s, p.value)
	return p
}

// quotedEnd returns where the text ends that is quoted from i on; 0: nowhere.
func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

func wordEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], ' '); n >= 0 {
		return i + n
	}
	return len(s)
}

// addPair adds what stands at p. Objects are taken apart where the text is Console's.
func (r *reader) addPair(p pair, objects bool) {
	key := unquoted(r.text[p.start : p.value-1])
	value := r.text[p.value:p.end]
	switch {
	case value == "":
		r.add(key, "", true)
	case value[0] == '"':
		r.add(key, unquoted(value), true)
	case objects && (value[0] == '{' || value[0] == '['):
		inner := *r
		inner.text, inner.pos = r.text[:p.end], p.value
		if value[0] == '{' && key != "" && len(key) <= maxPath && inner.object(key, 2) == nil && inner.pos == p.end {
			r.fields, r.at, r.inner, r.score = inner.fields, inner.at, inner.inner, inner.score
			return
		}
		inner.pos = p.value
		r.add(key, valid(value), inner.skip(1) != nil || inner.pos != p.end)
	default:
		isJSON := value == "true" || value == "false" || number(value) == len(value)
		r.add(key, valid(value), !isJSON)
	}
}

// unquoted returns the text that s is, which may be quoted as Go quotes it. Where it is quoted in
// another way, it is what stands between the quotes.
func unquoted(s string) string {
	if s == "" || s[0] != '"' || quotedEnd(s, 0) != len(s) {
		return valid(s)
	}
	inner := s[1 : len(s)-1]
	if strings.IndexByte(inner, '\\') >= 0 {
		if text, err := strconv.Unquote(s); err == nil {
			inner = text
		}
	}
	return valid(inner)
}

// valid returns s with U+FFFD for each byte that is not valid UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// withoutEscapes returns s without the escape sequences that give it colours.
func withoutEscapes(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		text, after, found := strings.Cut(s, "\x1b")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		s = after
		if !strings.HasPrefix(s, "[") {
			continue
		}
		i := 1
		for i < len(s) && s[i] >= ' ' && s[i] <= '?' { // ECMA-48, 5.4
			i++
		}
		if i < len(s) && s[i] >= '@' && s[i] <= '~' {
			i++
		}
		s = s[i:]
	}
}

// levelOf returns zerolog's word for one of Console's. Of a level of the user's there are up to
// three letters, in capitals.
func levelOf(s string) (level string, ok bool) {
	switch s {
	case "TRC":
		return "trace", true
	case "DBG":
		return "debug", true
	case "INF":
		return "info", true
	case "WRN":
		return "warn", true
	case "ERR":
		return "error", true
	case "FTL":
		return "fatal", true
	case "PNC":
		return "panic", true
	case "???":
		return "", true
	}
	return s, s != "" && len(s) <= 3 && strings.ToUpper(s) == s
}

// console reads a line of logctx.Console: time, level, service, trace ID, caller, message, and the
// fields as pairs. Its parts get the keys that they have in JSON, and come after the other fields.
func (r *reader) console() error {
	s := r.text
	at := wordEnd(s, r.pos)
	clock := s[r.pos:at]
	if clock != "<nil>" && instant(clock).Year() != 0 {
		return r.fault("neither JSON, nor key=value pairs, nor a line of Console")
	}
	r.pos = min(at+1, len(s))
	at = wordEnd(s, r.pos)
	level, ok := levelOf(s[r.pos:at])
	if !ok {
		return r.fault("no level of Console")
	}
	text := min(at+1, len(s))

	// The fields are the pairs that go on until the end: words before them are the message.
	fields := -1
	for i := text; i < len(s); {
		if s[i] == ' ' {
			i++
			continue
		}
		p := pairAt(s, i)
		switch {
		case p.end == 0:
			fields = -1
			p.end = wordEnd(s, i)
			if s[i] == '"' { // perhaps the message, which then is the only quoted one
				if end := quotedEnd(s, i); end == len(s) || end > 0 && s[end] == ' ' {
					p.end = end
				}
			}
		case fields < 0:
			fields = i
		}
		i = p.end
	}
	if fields < 0 {
		fields = len(s)
	}
	for i := fields; i < len(s); {
		if s[i] == ' ' {
			i++
			continue
		}
		p := pairAt(s, i)
		r.addPair(p, true)
		i = p.end
	}

	message := strings.TrimRight(s[text:fields], " ")
	// A line with a span's ID has its trace's too, behind the service.
	w := wanted{reader: r, vendor: r.names.vendor(r.score)}
	if span := w.any(SpanID); span != "" {
		decimal := Vendor(w.vendor) == Datadog || isDecimal(span)
		for i := 0; i < len(message); {
			end := wordEnd(message, i)
			if id(traceOf(message[i:end]), decimal) != "" {
				if i > 0 {
					r.part(w.slot(Service), unquoted(message[:i-1]))
				}
				r.part(w.slot(TraceID), valid(message[i:end]))
				message = message[min(end+1, len(message)):]
				break
			}
			i = end + 1
		}
	}
	if caller, after, ok := strings.Cut(message, " >"); ok && isCaller(caller) && (after == "" || after[0] == ' ') {
		r.add("caller", unquoted(caller), true)
		message = strings.TrimPrefix(after, " ")
	}
	if clock != "<nil>" {
		r.part(r.names.time[0], clock)
	}
	if level != "" {
		r.part(r.names.level[0], level)
	}
	r.part(r.names.text[0], unquoted(message))
	return nil
}

// part adds a part of Console's under a name that is known.
func (r *reader) part(slot uint8, value string) { r.add(r.names.list[slot], value, true) }

// isCaller reports whether s is a file and a line.
func isCaller(s string) bool {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || strings.IndexByte(s, ' ') >= 0 {
		return false
	}
	_, err := strconv.ParseUint(s[i+1:], 10, 32)
	return err == nil
}
