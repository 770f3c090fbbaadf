//go:build unix

package logctx_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terminal is a buffer that reports the file descriptor fd as its own.
type terminal struct {
	bytes.Buffer
	fd uintptr
}

func (t *terminal) Fd() uintptr { return t.fd }

// Console writes colours to terminals only, unless NO_COLOR or CLICOLOR_FORCE decides otherwise.
func TestConsoleColours(t *testing.T) {
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err, "opening a terminal")
	defer pty.Close()
	null, err := os.Open(os.DevNull)
	require.NoError(t, err, "opening a file")
	defer null.Close()
	for _, tt := range []struct {
		name           string
		fd             uintptr
		noColor, force string
		want           bool
	}{
		{name: "terminal", fd: pty.Fd(), want: true},
		{name: "terminal, NO_COLOR", fd: pty.Fd(), noColor: "1"},
		{name: "terminal, NO_COLOR and CLICOLOR_FORCE", fd: pty.Fd(), noColor: "1", force: "1", want: true},
		{name: "file", fd: null.Fd()},
		{name: "file, CLICOLOR_FORCE", fd: null.Fd(), force: "1", want: true},
		{name: "file, CLICOLOR_FORCE=0", fd: null.Fd(), force: "0"},
		{name: "file, NO_COLOR and CLICOLOR_FORCE", fd: null.Fd(), noColor: "1", force: "1", want: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			t.Setenv("CLICOLOR_FORCE", tt.force)
			out := terminal{fd: tt.fd}
			logger := logctx.Console(&out)
			logger.Info().Ctx(testkit.Request()).Str("k", "v").Msg(message)
			assert.Equal(t, tt.want, escapes.MatchString(out.String()), "colours are in the line %q", out.String())
			if tt.want {
				assert.Contains(t, out.String(), "m"+id128+"\x1b[0m", "the ID, coloured")
				assert.Contains(t, out.String(), "m"+"INF"+"\x1b[0m", "the level, coloured")
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		var out bytes.Buffer
		logger := logctx.Console(io.Writer(&out))
		logger.Info().Ctx(testkit.Request()).Msg(message)
		assert.NotRegexp(t, escapes, out.String(), "line")
	})
}
