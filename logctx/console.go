package logctx

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"

	"example.com/clew/internal/line"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// Console returns a logger whose lines are for people, and which writes them to w. A line has the
// time, the level, the service, the trace ID, the message, and then the other fields. The ID has a
// colour, the same on every line of a trace, so that a trace can be followed by eye. [New]
// explains w and the Config.
//
// Lines have colours if w is a terminal and the environment has no NO_COLOR. If CLICOLOR_FORCE is
// set to anything but 0, lines always have colours. The environment is read when Console is
// called.
//
// Control characters are quoted, in messages too, so that a line can neither forge another line
// nor control the terminal.
func Console(w io.Writer, cfg ...Config) zerolog.Logger {
	conf := one("Console", cfg)
	if w == nil {
		w = io.Discard
	}
	n := newWriter(conf)
	c := console{colours: coloured(w), traceKey: n.traceKey}
	service := n.Top(line.Service)
	parts := []string{zerolog.TimestampFieldName, zerolog.LevelFieldName, service, n.traceKey, zerolog.CallerFieldName, zerolog.MessageFieldName}
	return newLogger(zerolog.ConsoleWriter{
		Out:           w,
		NoColor:       !c.colours,
		TimeFormat:    "15:04:05.000000",
		PartsOrder:    parts,
		FieldsExclude: []string{service, n.traceKey},

		// zerolog quotes only the values of string fields. The parts of the line are quoted here.
		FormatPrepare: func(event map[string]any) error {
			if group, ok := event[service].(map[string]any); ok { // of GoogleCloud
				_, key, _ := strings.Cut(n.Key(line.Service), ".")
				event[service] = group[key]
			}
			for _, part := range parts {
				switch v := event[part].(type) {
				case nil, json.Number: // missing, or a time as a number
				default:
					event[part] = printable(text(v))
				}
			}
			return nil
		},
		FormatLevel:           c.level,
		FormatFieldName:       func(v any) string { return c.paint(cyan, printable(text(v))+"=") },
		FormatFieldValue:      func(v any) string { return escaped(text(v)) },
		FormatErrFieldValue:   func(v any) string { return c.paint(boldRed, escaped(text(v))) },
		FormatPartValueByName: c.part,
	}, conf)
}

// coloured reports whether lines in w have colours.
func coloured(w io.Writer) bool {
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	file, ok := w.(interface{ Fd() uintptr })
	return ok && os.Getenv("NO_COLOR") == "" && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// console formats lines for people.
type console struct {
	colours  bool
	traceKey string
}

// part formats the service or the trace ID.
func (c *console) part(v any, name string) string {
	s := text(v)
	if s == "" || name != c.traceKey {
		return s
	}
	return c.paint(colorOf(s), s)
}

// level formats the level as zerolog does. But zerolog leaves out the colour whenever NO_COLOR is
// set, even if CLICOLOR_FORCE overrides it.
func (c *console) level(v any) string {
	s := text(v)
	level, err := zerolog.ParseLevel(s)
	short, known := zerolog.FormattedLevels[level]
	switch {
	case err == nil && known:
		return c.paint(strconv.Itoa(zerolog.LevelColors[level]), short)
	case s == "":
		return "???"
	}
	return strings.ToUpper(s[:min(len(s), 3)])
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

// printable quotes s if it holds a character that a terminal would act on.
func printable(s string) string {
	if strings.ContainsFunc(s, unprintable) {
		return strconv.Quote(s)
	}
	return s
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

// escaped returns s with its unprintable characters escaped, for JSON and for text in quotes.
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

// Colours, as parameters of ANSI's "select graphic rendition".
const (
	cyan    = "36"
	boldRed = "1;31"
)

func (c *console) paint(color, s string) string {
	if !c.colours || color == "0" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// colorOf picks one of the 12 colours that can be read on a light and on a dark background.
func colorOf(id string) string {
	sum := 0
	for _, c := range []byte(id) {
		sum = (31*sum + int(c)) % (2 * 6)
	}
	if sum < 6 {
		return strconv.Itoa(31 + sum) // red to cyan
	}
	return strconv.Itoa(91 + sum - 6) // bright red to bright cyan
}
