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

// New returns a logger that writes JSON lines to w, with the time and the [Hook]. A nil w discards
// the lines. As with every zerolog logger, a line is one Write, and w must be safe for concurrent
// use if the logger is used concurrently (an os.File is; see zerolog.SyncWriter).
//
// A Config selects the fields and the service. If its Service is empty, the service is the value
// of OTEL_SERVICE_NAME. Without a Config, New does not read the environment, so that a program
// that adds the field "service" itself does not get this field twice. New panics if there is more
// than one Config.
//
// The time has microseconds, so that the lines of a request can be put in order. If
// zerolog.TimeFieldFormat has been changed, New uses its format instead. zerolog.NewSlogHandler
// writes a time itself, so give it a logger that writes no time:
// zerolog.New(w).Hook(logctx.Hook(logctx.Config{})).
func New(w io.Writer, cfg ...Config) zerolog.Logger { return newLogger(w, one("New", cfg)) }

// The function one returns the Config that was given to New or Console, else the zero Config. If
// the given Config has no Service, the result has the service from the environment.
func one(function string, cfg []Config) Config {
	if len(cfg) > 1 {
		panic("logctx: " + function + ": more than one Config")
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

// timestamp does what zerolog's own hook for the time does, but with microseconds. In zerolog's
// default format, RFC 3339 in seconds, all lines of a request look simultaneous.
type timestamp struct{}

func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if zerolog.TimeFieldFormat != time.RFC3339 {
		e.Timestamp()
		return
	}
	var buf [48]byte
	e.Str(zerolog.TimestampFieldName, string(appendTime(buf[:0], zerolog.TimestampFunc())))
}

// appendTime appends t in RFC 3339 with microseconds. It inserts the microseconds itself, because
// package time is fast only for the layout without them.
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
