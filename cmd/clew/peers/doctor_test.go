package peers_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result is what clew doctor has done.
type result struct {
	code     int
	out, err string
	memory   int64 // the most that it had, in bytes; 0 where nobody says
	report
}

// report is what -o json writes.
type report struct {
	Version  int
	Requests int
	Targets  []target
}

type target struct {
	URL, Verdict, Says string
	Evidence           []string
	Findings           []finding
}

type finding struct {
	Kind, Where, Canary, Says, Remedy string
	Count, Of                         int
	Fault                             bool
}

// fails is how long clew doctor may run before the test gives up. It measures nothing.
const fails = time.Minute

// doctor runs clew doctor with these arguments, and no terminal.
func doctor(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fails)
	defer cancel()
	command := exec.CommandContext(ctx, clew, append([]string{"doctor"}, args...)...)
	command.Env = environment()
	return finished(t, command)
}

// asJSON is doctor, with what it wrote as JSON.
func asJSON(t *testing.T, args ...string) result {
	t.Helper()
	r := doctor(t, append([]string{"-o", "json"}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(r.out), &r.report), "%d: %s\n%s", r.code, r.out, r.err)
	return r
}

// environment is that of the test without proxies, and without colours.
func environment() []string {
	names := []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
	return append(slices.DeleteFunc(os.Environ(), func(set string) bool {
		name, _, _ := strings.Cut(set, "=")
		return slices.Contains(names, strings.ToUpper(name))
	}), "NO_COLOR=1")
}

func finished(t *testing.T, command *exec.Cmd) (r result) {
	t.Helper()
	var out, said strings.Builder
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	r = result{code: command.ProcessState.ExitCode(), out: out.String(), err: said.String(), memory: memory(command.ProcessState)}
	assert.NotContains(t, r.out+r.err, "\x1b", "what a terminal obeys")
	assert.NotContains(t, r.err, "goroutine ", "it panicked")
	for line := range strings.Lines(r.err) {
		assert.True(t, strings.HasPrefix(line, "clew: ") || strings.HasPrefix(line, "See: "), "%q is by a library", line)
	}
	if t.Failed() || os.Getenv("SHOW") != "" {
		t.Logf("%s\nexit code %d\n%s%s", strings.Join(command.Args[1:], " "), r.code, r.out, r.err)
	}
	return r
}
