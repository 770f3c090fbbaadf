//go:build binary_log

package logctx_test

import (
	"bytes"
	"io"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// zerolog's CBOR encoder writes the IDs as text too, and without an allocation.
func TestBinaryLog(t *testing.T) {
	ctx := testkit.Request()
	var out bytes.Buffer
	logger := testkit.Hooked(&out)
	logger.Log().Ctx(ctx).Send()
	const text, long, object, end = 0x60, 0x18, 0xbf, 0xff // RFC 8949, 3.1
	want := append([]byte{object, text + 8}, "trace_id"...)
	want = append(append(want, text+long, 32), id128...)
	want = append(append(want, text+7), "span_id"...)
	want = append(append(append(want, text+16), spanID...), end)
	assert.Equal(t, want, out.Bytes(), "line %q", out.String())

	quiet := testkit.Hooked(io.Discard)
	assert.Zero(t, testing.AllocsPerRun(100, func() { quiet.Info().Ctx(ctx).Msg(message) }), "allocations of a line")
}

// In CBOR too, a line has both the user's field and ours if they have the same key. Ours is the
// last, and zerolog's own decoder uses it.
func TestBinaryLogOneID(t *testing.T) {
	for _, preset := range presets {
		for _, key := range preset.keys {
			var binary, console bytes.Buffer
			pretty := zerolog.ConsoleWriter{Out: &console, NoColor: true}
			logger := zerolog.New(io.MultiWriter(&binary, pretty)).Hook(logctx.Hook(preset.cfg))
			logger.Info().Ctx(testkit.Request()).Msg(message)
			want := console.String()
			console.Reset()
			logger = logger.With().Str(key, "mine").Logger()
			logger.Info().Ctx(testkit.Request()).Str(key, "mine").Msg(message)
			assert.Equal(t, 2, bytes.Count(binary.Bytes(), []byte("mine")), "times that the user's value is in the line %q", binary.String())
			assert.Equal(t, want, console.String(), "line with the user's %s", key)
		}
	}
}
