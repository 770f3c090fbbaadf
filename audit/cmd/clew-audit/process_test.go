package main

import (
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

// process returns a command that runs clew-audit in another process.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// If the reader of a pipe closes it, clew-audit ends without a message, as other tools do.
func TestPipeCloses(t *testing.T) {
	dir := lakeOf(t, strings.Repeat(event(0, firstTrace, "a", "received", `"item":"XYZ.123"`), 5000))
	for _, output := range []string{"table", "json"} {
		cmd := process(t, "find", "-d", dir, "-o", output, "--limit", "0")
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

// After Ctrl-C, clew-audit shows what it has found, although the pipe with the log lines is still
// open.
func TestInterrupt(t *testing.T) {
	dir := lakeOf(t, events)
	cmd := process(t, "trace", "-d", dir, firstTrace, "--logs", "-", "-o", "json")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// This text is larger than the buffer of a pipe. So clew-audit has read the beginning of the
	// text when the write returns.
	_, err = io.WriteString(in, logLine(1000, firstTrace, "augment", "asking")+strings.Repeat(logLine(0, other, "x", "y"), 40_000))
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, exitInterrupted, exit.ExitCode(), said.String())
	assert.Equal(t, "audit:received info:asking audit:augmented", messagesOf(t, out.String()))
	in.Close()
}
