package logctx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/loghook"
	"github.com/rs/zerolog"
)

func init() { loghook.Rebind = logbind.RebindFrom }

// New returns a logger that writes JSON lines to w, with the time and the [Hook]. A nil w
// discards. As with every zerolog logger, a line is one Write, and w must be safe for
// concurrent use if the logger is used concurrently (an os.File is; see
// zerolog.SyncWriter).
//
// The time has milliseconds, so that the lines of a trace can be put in order, unless
// zerolog.TimeFieldFormat has been set to something else. For zerolog.NewSlogHandler, which
// writes a time itself, take zerolog.New(w).Hook(logctx.Hook(logctx.Config{})).
func New(w io.Writer) zerolog.Logger {
	return zerolog.New(w).Hook(timestamp{}, Hook(Config{}))
}

// timestamp is zerolog's, with milliseconds: in its default format, RFC 3339 in seconds, all
// lines of a request look simultaneous.
type timestamp struct{}

func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if zerolog.TimeFieldFormat != time.RFC3339 {
		e.Timestamp()
		return
	}
	var buf [48]byte
	e.Str(zerolog.TimestampFieldName, string(appendTime(buf[:0], zerolog.TimestampFunc())))
}

// appendTime appends t in RFC 3339 with milliseconds. Package time has a short way for the layout
// without them only.
func appendTime(dst []byte, t time.Time) []byte {
	dst = t.AppendFormat(dst, time.RFC3339)
	seconds := bytes.IndexByte(dst, 'T') + len("T15:04:05")
	ms := t.Nanosecond() / 1e6
	return slices.Insert(dst, seconds, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// Console returns a logger that writes to w for people: time, trace ID, level, message, then
// the fields. The ID has a colour of its own, the same on every line of a trace, so that a
// trace can be followed by eye; there are no colours if the environment has NO_COLOR. What w
// must be, [New] says.
//
// Control characters are quoted, in messages too: a line cannot forge another, nor drive the
// terminal.
func Console(w io.Writer) zerolog.Logger {
	parts := []string{zerolog.TimestampFieldName, defaultTraceKey, zerolog.LevelFieldName, zerolog.CallerFieldName, zerolog.MessageFieldName}
	return New(zerolog.ConsoleWriter{
		Out:           w,
		TimeFormat:    "15:04:05.000",
		PartsOrder:    parts,
		FieldsExclude: []string{defaultTraceKey},

		// zerolog quotes the values of fields that are strings, and nothing else.
		FormatPrepare: func(event map[string]any) error {
			for _, part := range parts {
				switch v := event[part].(type) {
				case nil, json.Number: // not there, or a time as a number
				default:
					event[part] = printable(text(v))
				}
			}
			return nil
		},
		FormatFieldName:     func(v any) string { return paint(cyan, printable(text(v))+"=") },
		FormatFieldValue:    func(v any) string { return escaped(text(v)) },
		FormatErrFieldValue: func(v any) string { return paint(boldRed, escaped(text(v))) },
		FormatPartValueByName: func(v any, _ string) string { // the trace ID is the only one
			id := text(v)
			if id == "" {
				return ""
			}
			return paint(colorOf(id), id)
		},
	})
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte: // an array or an object, as JSON
		return string(v)
	}
	return fmt.Sprint(v)
}

// printable quotes s if it holds anything that a terminal would act on.
func printable(s string) string {
	if strings.ContainsFunc(s, unprintable) {
		return strconv.Quote(s)
	}
	return s
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

// escaped is s with the same in place, for JSON and what is quoted already.
func escaped(s string) string {
	if !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			for _, half := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, half)
			}
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Colours are the parameters of ANSI's "select graphic rendition".
const (
	cyan    = "36"
	boldRed = "1;31"
)

func paint(color, s string) string {
	if os.Getenv("NO_COLOR") != "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// colorOf picks one of the 12 colours that can be read on light and dark alike.
func colorOf(id string) string {
	sum := 0
	for _, c := range []byte(id) {
		sum = (31*sum + int(c)) % (2 * 6)
	}
	if sum < 6 {
		return strconv.Itoa(31 + sum) // red to cyan
	}
	return strconv.Itoa(91 + sum - 6) // the same, brighter
}
