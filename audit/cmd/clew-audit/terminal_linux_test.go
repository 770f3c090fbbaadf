package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a terminal that is 77 columns wide.
func terminal(t *testing.T) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 77}))
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	return tty
}

func TestTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	tty := terminal(t)
	assert.Equal(t, 77, (&look{}).width(tty))
	for _, width := range []int{40, 0} {
		assert.Equal(t, width, (&look{Width: &width}).width(tty), "--width takes precedence over the terminal")
	}
	assert.True(t, (&look{Color: "auto"}).colour(tty))
	assert.False(t, (&look{Color: "never"}).colour(tty))
	t.Run("NO_COLOR", func(t *testing.T) {
		t.Setenv("NO_COLOR", "1")
		assert.False(t, (&look{Color: "auto"}).colour(tty))
		assert.True(t, (&look{Color: "always"}).colour(tty))
	})
	t.Run("a dumb terminal", func(t *testing.T) {
		t.Setenv("TERM", "dumb")
		assert.False(t, (&look{Color: "auto"}).colour(tty))
	})
}
