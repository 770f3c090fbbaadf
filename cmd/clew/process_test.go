package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process returns a command that runs clew as a separate process.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asClew+"=1")
	return cmd
}

// After Ctrl-C, clew shows what it has read, even if the pipe is still open.
func TestInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, syscall.Mkfifo("pipe", 0o600))
	for name, args := range map[string][]string{"standard input": nil, "a named pipe": {"pipe"}} {
		t.Run(name, func(t *testing.T) {
			cmd := process(t, append([]string{"timeline", id}, args...)...)
			var out, said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			if args != nil {
				in.Close()
				in, err = os.OpenFile("pipe", os.O_WRONLY, 0)
				require.NoError(t, err)
			}
			// A pipe's buffer is smaller than this text. When all of it is written, clew has read
			// the beginning.
			_, err = io.WriteString(in, logLine(1, id, "one")+strings.Repeat(logLine(2, other, "x"), 40_000))
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			err = cmd.Wait()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, exitInterrupted, exit.ExitCode(), said.String())
			assert.Equal(t, []string{"one"}, messages(out.String()))
			assert.Empty(t, withoutCounts(said.String()))
			in.Close()
		})
	}
}

// Ctrl-C is the normal end of --follow, and no error.
func TestInterruptFollow(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one"))
	cmd := process(t, "timeline", id, "app.log", "--follow")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(out)
	for _, want := range []string{"one", "two"} {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, []string{want}, messages(line))
		appendTo(t, "app.log", logLine(2, id, "two"))
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_, err = io.Copy(io.Discard, lines)
	require.NoError(t, err)
	assert.NoError(t, cmd.Wait())
}

// When the reader of clew's output has closed the pipe, clew ends by SIGPIPE, as other tools do,
// and writes no error.
func TestPipeCloses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", strings.Repeat(logLine(1, id, "one"), 10_000))
	for _, format := range []string{"text", "json"} {
		cmd := process(t, "timeline", id, "app.log", "-o", format)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(out, make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, out.Close())
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &exit)
		status := exit.Sys().(syscall.WaitStatus)
		assert.True(t, status.Signaled() && status.Signal() == syscall.SIGPIPE, exit.String())
		assert.Empty(t, said.String())
	}
}
