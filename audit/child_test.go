package audit_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	childEnv = "CLEW_AUDIT_CHILD" // which child this process is
	dirEnv   = "CLEW_AUDIT_DIR"
)

var children = map[string]func(){
	"hold":         hold,
	"log":          func() { logUntilKilled(false) },
	"log and sync": func() { logUntilKilled(true) },
	"send":         sendUntilKilled,
}

func startChild(t testing.TB, name, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+name, dirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, out
}

func childLogger() *audit.Logger {
	l, err := audit.OpenWith(audit.Config{Dir: os.Getenv(dirEnv), App: "child", Full: audit.Block}, audit.Seams{
		Pack: func(context.Context, string) (int64, []string, error) {
			return 0, nil, errors.New("the child is killed before it packs a segment")
		},
	})
	if err != nil {
		panic(err)
	}
	return l
}

func hold() {
	childLogger()
	os.Stdout.WriteString("held\n")
	select {}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	cmd, out := startChild(t, "hold", dir)
	_, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, err = audit.Open(audit.Config{Dir: dir, App: "second"})
	require.ErrorContains(t, err, "pid "+strconv.Itoa(cmd.Process.Pid))
	require.ErrorContains(t, err, `app "child"`)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	shut(t, open(t, audit.Config{Dir: dir}, &packer{}, audit.Seams{}))
}

// A message of the child on its pipe is one of these bytes, and a number in 8 bytes.
const (
	accepted = 'a' // Log has returned for all events below the number
	written  = 'w' // the number is Stats.Written; the next message is one of the kind accepted
	acked    = 's' // LogSync has returned nil for this event
	longest  = 'g' // the longest time that an event has waited in memory, in nanoseconds
)

// logUntilKilled logs 200,000 events a second. If withSync is true, it also logs events by
// LogSync.
func logUntilKilled(withSync bool) {
	l := childLogger()
	var mu sync.Mutex
	say := func(what byte, n uint64) {
		var b [9]byte
		b[0] = what
		binary.LittleEndian.PutUint64(b[1:], n)
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.Write(b[:]) // a pipe gets so few bytes in one piece
	}
	go func() {
		for n := uint64(0); withSync; n++ {
			if err := l.LogSync(context.Background(), "synced", slog.Uint64("n", n)); err == nil {
				say(acked, n)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	n := uint64(0)
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		for due := uint64(time.Since(start).Seconds() * 200_000); n < due; n++ {
			l.Log(context.Background(), "logged", slog.Uint64("n", n))
		}
		s := l.Stats()
		say(longest, uint64(s.Delay.Max))
		say(written, uint64(s.Written))
		say(accepted, n)
	}
}

// reported holds the messages of a child until it was killed.
type reported struct {
	accepted, written uint64
	acked             []uint64
	longest           time.Duration
}

func listen(out io.Reader) (r reported) {
	for b := [9]byte{}; ; {
		if _, err := io.ReadFull(out, b[:]); err != nil {
			return r
		}
		n := binary.LittleEndian.Uint64(b[1:])
		switch b[0] {
		case accepted:
			r.accepted = n
		case written:
			r.written = n
		case acked:
			r.acked = append(r.acked, n)
		case longest:
			r.longest = time.Duration(n)
		}
	}
}

// TestKill kills a process that logs 200,000 events a second. The next Logger finds every event
// that LogSync has acknowledged, and no fewer events than Stats.Written had counted.
func TestKill(t *testing.T) {
	runs := 1
	if os.Getenv("CLEW_TORTURE") != "" {
		runs = 20
	}
	for _, child := range []string{"log", "log and sync"} {
		t.Run(child, func(t *testing.T) {
			var total reported
			recovered, acks := 0, 0
			for range runs {
				dir := t.TempDir()
				r := killed(t, child, dir)
				logged, synced := found(t, dir)
				for _, n := range r.acked {
					assert.True(t, synced[n], "event %d is lost, but LogSync has acknowledged it", n)
				}
				assert.GreaterOrEqual(t, uint64(len(logged)+len(synced)), r.written, "found events, and Stats.Written before the kill")
				total.accepted += r.accepted
				total.longest = max(total.longest, r.longest)
				recovered += len(logged)
				acks += len(r.acked)
			}
			assert.Equal(t, child == "log and sync", acks > 0)
			t.Logf("kill -9, %d runs: %d events accepted, %d of them recovered; none of %d acknowledged events is lost; the longest wait in memory was %s",
				runs, total.accepted, recovered, acks, total.longest)
		})
	}
}

func killed(t testing.TB, child, dir string) reported {
	t.Helper()
	cmd, out := startChild(t, child, dir)
	said := make(chan reported, 1)
	go func() { said <- listen(out) }()
	time.Sleep(200*time.Millisecond + rand.N(time.Second)) // at any moment
	require.NoError(t, cmd.Process.Kill())
	r := <-said
	_ = cmd.Wait()
	return r
}

// found recovers a directory, and returns the numbers of its events. No number occurs twice.
func found(t testing.TB, dir string) (logged, synced map[uint64]bool) {
	t.Helper()
	p := &packer{}
	shut(t, open(t, audit.Config{Dir: dir}, p, audit.Seams{}))
	all := map[string]map[uint64]bool{"logged": {}, "synced": {}}
	for _, e := range p.all() {
		n, err := strconv.ParseUint(e.Context["n"], 10, 64)
		require.NoError(t, err)
		require.False(t, all[e.Message][n], "the event %s %d was found twice", e.Message, n)
		all[e.Message][n] = true
	}
	return all["logged"], all["synced"]
}
