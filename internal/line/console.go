package line

import (
	"strconv"
	"strings"
)

// levelOf returns zerolog's word for a level that Console has written. Console writes a user's own
// level as up to three capital letters.
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
// fields as pairs. Each part before the pairs becomes a field, with the key that it has in JSON.
// In Line.Fields, these fields are after the pairs.
func (r *reader) console() error {
	clock, level, err := r.consoleHead()
	if err != nil {
		return err
	}
	pairs := trailingPairs(r.text, r.pos)
	message := strings.TrimRight(r.text[r.pos:pairs], " ")
	r.addPairs(pairs)
	message = r.consoleIDs(message)
	message = r.consoleCaller(message)
	if clock != "<nil>" {
		r.part(r.names.time[0], clock)
	}
	if level != "" {
		r.part(r.names.level[0], level)
	}
	r.part(r.names.text[0], unquoted(message))
	return nil
}

// consoleHead reads the time and the level, and moves past them.
func (r *reader) consoleHead() (clock, level string, err error) {
	end := wordEnd(r.text, r.pos)
	clock = r.text[r.pos:end]
	if clock != "<nil>" && instant(clock).Year() != 0 {
		return "", "", r.fault("not JSON, key=value pairs or a line of Console")
	}
	r.pos = min(end+1, len(r.text))
	end = wordEnd(r.text, r.pos)
	level, ok := levelOf(r.text[r.pos:end])
	if !ok {
		return "", "", r.fault("no level of Console")
	}
	r.pos = min(end+1, len(r.text))
	return clock, level, nil
}

// trailingPairs returns the index at which the pairs at the end of s begin. The words from the
// index i to the result are the message.
func trailingPairs(s string, i int) int {
	pairs := -1
	for i < len(s) {
		if s[i] == ' ' {
			i++
			continue
		}
		p := pairAt(s, i)
		switch {
		case p.end == 0:
			pairs = -1
			p.end = messageWordEnd(s, i)
		case pairs < 0:
			pairs = i
		}
		i = p.end
	}
	if pairs < 0 {
		return len(s)
	}
	return pairs
}

// messageWordEnd returns the end of the word at i. A word in quotes is a whole message, and may
// contain spaces.
func messageWordEnd(s string, i int) int {
	if s[i] == '"' {
		if end := quotedEnd(s, i); end == len(s) || end > 0 && s[end] == ' ' {
			return end
		}
	}
	return wordEnd(s, i)
}

// addPairs adds the pairs from i on.
func (r *reader) addPairs(i int) {
	for i < len(r.text) {
		if r.text[i] == ' ' {
			i++
			continue
		}
		p := pairAt(r.text, i)
		r.addPair(p, true)
		i = p.end
	}
}

// consoleIDs removes the service and the trace ID from the beginning of a message, adds them as
// fields, and returns the remaining message. If a line has a span ID, it also has a trace ID,
// which follows the service.
func (r *reader) consoleIDs(message string) string {
	w := wanted{reader: r, vendor: r.names.vendor(r.score)}
	span := w.any(SpanID)
	if span == "" {
		return message
	}
	decimal := Vendor(w.vendor) == Datadog || isDecimal(span)
	for i := 0; i < len(message); {
		end := wordEnd(message, i)
		if id(traceOf(message[i:end]), decimal) != "" {
			if i > 0 {
				r.part(w.slot(Service), unquoted(message[:i-1]))
			}
			r.part(w.slot(TraceID), valid(message[i:end]))
			return message[min(end+1, len(message)):]
		}
		i = end + 1
	}
	return message
}

// consoleCaller removes the caller from the beginning of a message, adds it as a field, and
// returns the remaining message.
func (r *reader) consoleCaller(message string) string {
	caller, behind, ok := strings.Cut(message, " >")
	if !ok || !isCaller(caller) || behind != "" && behind[0] != ' ' {
		return message
	}
	r.add("caller", unquoted(caller), true)
	return strings.TrimPrefix(behind, " ")
}

// part adds a part of Console's line as a field. The argument slot is the index of the field's
// name in the list of known names.
func (r *reader) part(slot uint8, value string) { r.add(r.names.list[slot], value, true) }

// isCaller reports whether s is a caller: a file, a colon and a line number.
func isCaller(s string) bool {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || strings.IndexByte(s, ' ') >= 0 {
		return false
	}
	_, err := strconv.ParseUint(s[i+1:], 10, 32)
	return err == nil
}

// withoutEscapes returns s without its escape sequences, which set colours.
func withoutEscapes(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		text, behind, found := strings.Cut(s, "\x1b")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		s = behind
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
