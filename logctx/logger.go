package logctx

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/loghook"
	"github.com/rs/zerolog"
)

func init() { loghook.Rebind = logbind.Rebind }

// New returns a logger that writes JSON lines to w, with a timestamp and the [Hook]. A nil w
// discards. As with every zerolog logger, a line is one Write, and w must be safe for
// concurrent use if the logger is used concurrently (an os.File is; see
// zerolog.SyncWriter).
func New(w io.Writer) zerolog.Logger {
	return zerolog.New(w).With().Timestamp().Logger().Hook(Hook(Config{}))
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
