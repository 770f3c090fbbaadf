package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a terminal that is 77 columns wide. What is written to tty can be read from
// screen, and what is written to screen is typed into tty.
func terminal(t *testing.T) (tty, screen *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	screen = os.NewFile(uintptr(fd), "screen") // in blocking mode, for synctest
	t.Cleanup(func() { screen.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 77}))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	return tty, screen
}

func TestTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	tty, _ := terminal(t)
	assert.Equal(t, 77, (&timelineCommand{}).width(tty))
	for _, width := range []int{40, 0} {
		assert.Equal(t, width, (&timelineCommand{Width: &width}).width(tty), "--width overrides the width of the terminal")
	}
	assert.True(t, (&timelineCommand{Color: "auto"}).colour(tty))
	assert.False(t, (&timelineCommand{Color: "never"}).colour(tty))
	t.Run("NO_COLOR", func(t *testing.T) {
		t.Setenv("NO_COLOR", "1")
		assert.False(t, (&timelineCommand{Color: "auto"}).colour(tty))
		assert.True(t, (&timelineCommand{Color: "always"}).colour(tty))
	})
	t.Run("TERM is dumb", func(t *testing.T) {
		t.Setenv("TERM", "dumb")
		assert.False(t, (&timelineCommand{Color: "auto"}).colour(tty))
	})
}

// If standard input is a terminal, and no source is named, clew does not wait for lines.
func TestTerminalAsInput(t *testing.T) {
	tty, _ := terminal(t)
	var out, said bytes.Buffer
	assert.Equal(t, exitUsage, run(context.Background(), []string{"timeline", id}, tty, &out, &said))
	assert.Contains(t, said.String(), "clew: say what to read")
}

// slowly is a reader that needs some time for each line.
type slowly struct {
	lines []string
	each  time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	if len(s.lines) == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.each) // in the fake time of synctest
	n := copy(p, s.lines[0])
	s.lines = s.lines[1:]
	return n, nil
}

// The progress bar appears on a terminal after a second, and is removed at the end.
func TestProgress(t *testing.T) {
	const mark = "the end"
	tests := []struct {
		name string
		each time.Duration
		bar  bool
	}{{"quick", 400 * time.Millisecond, false}, {"slow", 700 * time.Millisecond, true}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tty, screen := terminal(t)
			var out bytes.Buffer
			synctest.Test(t, func(t *testing.T) {
				in := &slowly{[]string{logLine(1, id, "one"), logLine(2, id, "two")}, test.each}
				assert.Equal(t, exitFound, run(context.Background(), []string{"timeline", id}, in, &out, tty))
			})
			assert.Equal(t, []string{"one", "two"}, messages(out.String()))
			assert.NotContains(t, out.String(), "\x1b")
			_, err := io.WriteString(tty, mark)
			require.NoError(t, err)
			var shown strings.Builder
			for !strings.HasSuffix(shown.String(), mark) {
				b := make([]byte, 1000)
				n, err := screen.Read(b)
				require.NoError(t, err)
				shown.Write(b[:n])
			}
			said := strings.ReplaceAll(shown.String(), "clew: of 2 lines read: 2 of the trace\r\n", "")
			assert.Equal(t, test.bar, strings.HasPrefix(said, "\r\x1b[K126 B, "), "%q", said)
			assert.Equal(t, test.bar, strings.HasSuffix(said, "/s\r\x1b[K"+mark), "%q", said)
		})
	}
}

// Nothing leaves the computer before the user has said yes at the terminal.
func TestDoctorAsks(t *testing.T) {
	for answer, code := range map[string]int{"y\n": exitIncomplete, "YES\n": exitIncomplete, "\n": exitUsage, "n\n": exitUsage, "yesterday\n": exitUsage, "\x04": exitUsage} {
		tty, screen := terminal(t)
		_, err := io.WriteString(screen, answer)
		require.NoError(t, err)
		var out bytes.Buffer
		// This is the broadcast address. TCP sends nothing to it.
		got := run(context.Background(), []string{"doctor", "http://255.255.255.255/"}, tty, &out, tty)
		assert.Equal(t, code, got, "%q", answer)
		assert.Equal(t, code == exitIncomplete, strings.Contains(out.String(), "This computer has no route to it"), out.String())
		shown := make([]byte, 4096)
		n, err := screen.Read(shown)
		require.NoError(t, err)
		for !strings.Contains(string(shown[:n]), "[y/N]") {
			more, err := screen.Read(shown[n:])
			require.NoError(t, err)
			n += more
		}
		assert.Contains(t, string(shown[:n]), "17 GET requests to http://255.255.255.255/, one after another; user agent clew-doctor/", "%q", answer)
	}
}

// If Ctrl-C answers the question, nothing is sent.
func TestDoctorAsksInVain(t *testing.T) {
	tty, _ := terminal(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out bytes.Buffer
	assert.Equal(t, exitInterrupted, run(ctx, []string{"doctor", "http://192.0.2.1/"}, tty, &out, tty))
	assert.Empty(t, out.String())
}
