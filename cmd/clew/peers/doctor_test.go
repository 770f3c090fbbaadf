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

// result is the outcome of a run of clew doctor.
type result struct {
	code     int
	out, err string
	memory   int64 // the largest resident size in bytes, or 0 on systems that do not report it
	report
}

// report is the output of clew doctor -o json.
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

// The constant fails is the time after which a test stops clew doctor and fails. It is long,
// because the tests do not measure time.
const fails = time.Minute

// doctor runs clew doctor with these arguments and without a terminal.
func doctor(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fails)
	defer cancel()
	command := exec.CommandContext(ctx, clew, append([]string{"doctor"}, args...)...)
	command.Env = environment()
	return finished(t, command)
}

// asJSON is doctor with -o json. It also decodes the output.
func asJSON(t *testing.T, args ...string) result {
	t.Helper()
	r := doctor(t, append([]string{"-o", "json"}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(r.out), &r.report), "%d: %s\n%s", r.code, r.out, r.err)
	return r
}

// environment returns the environment of the test without proxies and colours.
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
	assert.NotContains(t, r.out+r.err, "\x1b", "the output contains ESC")
	assert.NotContains(t, r.err, "goroutine ", "clew doctor panicked")
	for line := range strings.Lines(r.err) {
		assert.True(t, strings.HasPrefix(line, "clew: ") || strings.HasPrefix(line, "See: "), "%q does not come from clew, but from a library", line)
	}
	if t.Failed() || os.Getenv("SHOW") != "" {
		t.Logf("%s\nexit code %d\n%s%s", strings.Join(command.Args[1:], " "), r.code, r.out, r.err)
	}
	return r
}
