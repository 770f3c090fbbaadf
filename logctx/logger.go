package logctx

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/loghook"
	"github.com/rs/zerolog"
)

func init() { loghook.Rebind = logbind.Rebind }

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
	var buf [32]byte
	e.Str(zerolog.TimestampFieldName, string(zerolog.TimestampFunc().AppendFormat(buf[:0], "2006-01-02T15:04:05.000Z07:00")))
}

// Console returns a logger that writes to w for people: time, trace ID, level, message, then
// the fields. The ID has a colour of its own, the same on every line of a trace, so that a
// trace can be followed by eye; there are no colours if the environment has NO_COLOR. What w
// must be, [New] says.
//
// Control characters are quoted, in messages too: a line cannot forge another, nor drive the
// terminal.
func Console(w io.Writer) zerolog.Logger {
	return New(zerolog.ConsoleWriter{
		Out:           w,
		TimeFormat:    "15:04:05.000",
		PartsOrder:    []string{zerolog.TimestampFieldName, "trace_id", zerolog.LevelFieldName, zerolog.CallerFieldName, zerolog.MessageFieldName},
		FieldsExclude: []string{"trace_id"},
		FormatMessage: func(v any) string { return printable(text(v)) },
		FormatPartValueByName: func(v any, _ string) string { // trace_id is the only one
			id := text(v)
			if id == "" {
				return ""
			}
			return colored(printable(id))
		},
	})
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// printable quotes s if it holds anything that a terminal would act on.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// colored picks one of the 12 colours that can be read on light and dark alike.
func colored(id string) string {
	if os.Getenv("NO_COLOR") != "" {
		return id
	}
	sum := uint32(0)
	for _, c := range []byte(id) {
		sum = 31*sum + uint32(c)
	}
	const first, hues, bright = 31, 6, 60 // red to cyan, then the same, brighter
	color := first + sum%hues
	if sum/hues%2 == 1 {
		color += bright
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, id)
}
