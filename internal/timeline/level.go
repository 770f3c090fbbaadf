package timeline

import (
	"strconv"
	"strings"
)

// levels maps each word for a level to the usual word. It contains the usual words themselves, and
// those of zerolog's and .NET's consoles, of java.util.logging and of syslog.
var levels = map[string]string{
	"trace": "trace", "trc": "trace", "finest": "trace", "verbose": "trace", "vrb": "trace",
	"debug": "debug", "dbg": "debug", "fine": "debug", "finer": "debug", "dbug": "debug",
	"info": "info", "inf": "info", "information": "info", "notice": "info", "informational": "info",
	"warn": "warn", "wrn": "warn", "warning": "warn",
	"error": "error", "err": "error", "eror": "error", "severe": "error",
	"fatal": "fatal", "ftl": "fatal", "critical": "fatal", "crit": "fatal", "alert": "fatal", "emerg": "fatal",
	"emergency": "fatal",
	"panic":     "panic", "pnc": "panic", "dpanic": "panic",
}

// levelOf returns the usual word for a level, or the text itself if there is none.
func levelOf(text string) string {
	if len(text) > 32 || text == "" {
		return text
	}
	if n, err := strconv.Atoi(text); err == nil {
		return numericLevel(n, text)
	}
	lower := strings.ToLower(text)
	if level := levels[lower]; level != "" {
		return level
	}
	if at := strings.IndexAny(lower, "+-"); at > 0 { // slog writes INFO+2
		if level := levels[lower[:at]]; level != "" {
			return level
		}
	}
	return text
}

// numericLevel returns the word for a level that is a number. The levels of pino and bunyan are
// multiples of ten. The severities of syslog (RFC 5424, 6.2.1) and of GELF are below ten.
func numericLevel(n int, text string) string {
	switch {
	case n >= 70 || n < 0 || n > 7 && n < 10:
		return text
	case n >= 10:
		return [...]string{"trace", "debug", "info", "warn", "error", "fatal"}[n/10-1]
	}
	return [...]string{"fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug"}[n]
}

// levelIn looks for a level only in the first levelSpan bytes behind the time.
const levelSpan = 160

// levelIn returns the level in text[from:], and its place. The level is a word in capitals or in
// brackets. It may also be the first word, if a colon or a tab follows that word.
func levelIn(text []byte, from int) (level string, start, end int) {
	limit := min(len(text), from+levelSpan)
	for i := from; i < limit; {
		if !isWord(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && isWord(text[end]) {
			end++
		}
		if level := levelWord(text, i, end, from); level != "" {
			return level, i, end
		}
		i = end
	}
	return "", 0, 0
}

// levelWord returns the level that the word text[start:end] names; "": it names none.
func levelWord(text []byte, start, end, from int) string {
	word := text[start:end]
	if len(word) < 3 || len(word) > 13 {
		return ""
	}
	bracketed := start > 0 && end < len(text) && text[start-1] == '[' && text[end] == ']'
	first := start <= from+1 && end < len(text) && (text[end] == ':' || text[end] == '\t')
	if !isCapitals(word) && !bracketed && !first {
		return ""
	}
	var lower [13]byte
	for i, c := range word {
		lower[i] = c | ' '
	}
	return levels[string(lower[:len(word)])]
}

func isCapitals(word []byte) bool {
	for _, c := range word {
		if c-'A' >= 26 {
			return false
		}
	}
	return true
}
