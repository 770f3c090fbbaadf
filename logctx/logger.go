package logctx

import (
	"bytes"
	"io"
	"os"
	"slices"
	"time"

	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"github.com/rs/zerolog"
)

func init() { seam.Rebind = logbind.RebindFrom }

// New returns a logger that writes JSON lines to w, with the time and the [Hook]. A nil w
// discards. As with every zerolog logger, a line is one Write, and w must be safe for
// concurrent use if the logger is used concurrently (an os.File is; see
// zerolog.SyncWriter).
//
// A Config says what the fields are called, and what the service is called. Where it has no
// Service, that is what OTEL_SERVICE_NAME says. Without a Config the environment is not asked, so
// that a program which adds "service" itself does not have it twice. More than one Config panics.
//
// The time has microseconds, so that the lines of a request can be put in order, unless
// zerolog.TimeFieldFormat has been set to something else. For zerolog.NewSlogHandler, which
// writes a time itself, take zerolog.New(w).Hook(logctx.Hook(logctx.Config{})).
func New(w io.Writer, cfg ...Config) zerolog.Logger { return newLogger(w, one("New", cfg)) }

// one returns the Config that New or Console was given, with the service that the environment
// says.
func one(who string, cfg []Config) Config {
	if len(cfg) > 1 {
		panic("logctx: " + who + ": more than one Config")
	}
	if len(cfg) == 0 {
		return Config{}
	}
	c := cfg[0]
	if c.Service == "" {
		c.Service = os.Getenv("OTEL_SERVICE_NAME")
	}
	return c
}

func newLogger(w io.Writer, cfg Config) zerolog.Logger {
	l := zerolog.New(w)
	if cfg.Service != "" {
		service := newWriter(cfg)
		l = l.With().EmbedObject(serviceOf(service)).Logger()
		cfg.Service = "" // written once, not by the hook
	}
	return l.Hook(timestamp{}, Hook(cfg))
}

// serviceOf is the service as a field of a logger.
type serviceOf writer

// MarshalZerologObject implements zerolog.LogObjectMarshaler.
func (s serviceOf) MarshalZerologObject(e *zerolog.Event) { zline.Attr(e, s.Service(s.service)) }

// timestamp is zerolog's, with microseconds: in its default format, RFC 3339 in seconds, all
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

// appendTime appends t in RFC 3339 with microseconds. Package time has a short way for the layout
// without them only.
func appendTime(dst []byte, t time.Time) []byte {
	dst = t.AppendFormat(dst, time.RFC3339)
	seconds := bytes.IndexByte(dst, 'T') + len("T15:04:05")
	us := t.Nanosecond() / 1e3
	digits := [7]byte{0: '.'}
	for i := len(digits) - 1; i > 0; i-- {
		digits[i], us = byte('0'+us%10), us/10
	}
	return slices.Insert(dst, seconds, digits[:]...)
}
