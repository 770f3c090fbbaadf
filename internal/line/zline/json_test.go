//go:build !binary_log

package zline_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// If no text needs quoting, Write writes the same bytes as zerolog's own methods.
func TestWriteBytes(t *testing.T) {
	for _, v := range vendors {
		n := line.NewNames(v, "", "", line.Hex, "")
		for _, rec := range []line.Record{request, call, plain, run, &line.Run{}, &line.Call{Plain: true}, &line.Request{}} {
			r := rec
			if q, ok := rec.(*line.Request); ok {
				c := *q
				c.Path = "/a"
				r = &c
			}
			if q, ok := rec.(*line.Call); ok {
				c := *q
				c.Path, c.Error = "/a", ""
				r = &c
			}
			written := func(write func(*zerolog.Event, *line.Pending, *line.Names)) string {
				var out bytes.Buffer
				l := zerolog.New(&out).Hook(hook{n, write})
				l.Info().Ctx(&line.Pending{Context: testkit.Request(), Record: r}).Msg("x")
				return out.String()
			}
			got := written(zline.Write)
			assert.True(t, json.Valid([]byte(got)), "%s", got)
			assert.Equal(t, written(byMethods), got, "vendor %d", v)
		}
	}
}

// A logger with our hook writes no field twice, even if Send does not know of the hook.
func TestSendOnce(t *testing.T) {
	var out bytes.Buffer
	l := testkit.Hooked(&out)
	for _, hooked := range []bool{false, true} {
		out.Reset()
		zline.Send(&l, hooked, zerolog.InfoLevel, &line.Pending{Context: testkit.Request(), Record: run})
		for _, once := range []string{`"job":"sweep"`, `"trace_id":`, `"span_id":`, `"message":`} {
			assert.Equal(t, 1, bytes.Count(out.Bytes(), []byte(once)), "number of times that %s is in %s", once, &out)
		}
	}
}
