package audit_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"iter"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// perCall is the largest number of events that pipe.Send takes in a call.
const perCall = 100

// pipe is the child's end of the pipe to its parent.
type pipe struct{ mu sync.Mutex }

// say writes a message to the parent: the byte what, how many numbers follow, and the numbers. If
// a child is killed when it has written a part of a message, the parent ignores this message.
func (p *pipe) say(what byte, numbers ...uint64) {
	b := binary.LittleEndian.AppendUint32([]byte{what}, uint32(len(numbers)))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	os.Stdout.Write(b)
}

const took = 't' // the sink has taken these events

// Send sends the parent the numbers of up to perCall events. Then it sleeps, like a network whose
// answer is late.
func (p *pipe) Send(_ context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
	var numbers []uint64
	for e := range events {
		if len(numbers) == perCall {
			break
		}
		numbers = append(numbers, eventNumber(e))
	}
	p.say(took, numbers...)
	time.Sleep(5 * time.Millisecond)
	return len(numbers), 0, nil
}

func eventNumber(e audit.Event) uint64 {
	var n uint64
	for _, c := range []byte(e.Context["n"]) {
		n = 10*n + uint64(c-'0')
	}
	return n
}

// sendUntilKilled logs events, and its Logger sends them, until the process is killed. The Logger
// first sends the segments that the previous process has left.
func sendUntilKilled() {
	p := &pipe{}
	l, err := audit.Open(audit.Config{Dir: os.Getenv(dirEnv), App: "child", Sink: p, Full: audit.Block})
	if err != nil {
		panic(err)
	}
	base := uint64(time.Now().UnixNano())
	for n := base; ; n += 1000 {
		for i := n; i < n+999; i++ {
			l.Log(context.Background(), "logged", slog.Uint64("n", i))
		}
		if err := l.LogSync(context.Background(), "synced", slog.Uint64("n", n+999)); err == nil {
			p.say(acked, n)
		}
	}
}

// heard holds what the parent has read from a child: how often each event was sent, and which
// events were acknowledged.
type heard struct {
	sent  map[uint64]int
	acked []uint64
}

func (h *heard) listen(out io.Reader) {
	all, _ := io.ReadAll(out)
	for r := bytes.NewReader(all); ; {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		numbers := make([]byte, 8*binary.LittleEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(r, numbers); err != nil {
			return
		}
		for ; len(numbers) > 0; numbers = numbers[8:] {
			n := binary.LittleEndian.Uint64(numbers)
			if head[0] == took {
				h.sent[n]++
			} else {
				h.acked = append(h.acked, n)
			}
		}
	}
}

// TestKillWhileSending kills a process that sends, again and again. No acknowledged event is lost.
// After each kill, at most the events of one call arrive twice.
func TestKillWhileSending(t *testing.T) {
	runs := 8
	if os.Getenv("CLEW_TORTURE") != "" {
		runs = 100
	}
	dir := t.TempDir()
	h := heard{sent: map[uint64]int{}}
	kills := 0
	// On a busy machine, all children may be killed before LogSync has acknowledged an event. Then
	// more children follow, and each has a second more than the one before.
	for ; kills < runs || len(h.acked) == 0 && kills < runs+10; kills++ {
		cmd, out := startChild(t, "send", dir)
		alive := 100*time.Millisecond + time.Duration(len(h.sent)%97)*time.Millisecond + time.Duration(max(0, kills-runs+1))*time.Second
		timer := time.AfterFunc(alive, func() { _ = cmd.Process.Kill() })
		h.listen(out)
		timer.Stop()
		_ = cmd.Wait()
	}
	last := sinkFunc(func(_ context.Context, events iter.Seq[audit.Event]) (sent, _ int, _ error) {
		for e := range events {
			h.sent[eventNumber(e)]++
			sent++
		}
		return sent, 0, nil
	})
	shut(t, openSink(t, dir, last))
	twice := 0
	for n, times := range h.sent {
		require.LessOrEqual(t, times, 1+kills, "event %d", n)
		twice += times - 1
	}
	for _, first := range h.acked {
		for n := first; n < first+1000; n++ {
			require.NotZero(t, h.sent[n], "event %d is lost, but LogSync has acknowledged it", n)
		}
	}
	require.NotEmpty(t, h.acked, "acknowledged events")
	assert.LessOrEqual(t, twice, kills*perCall)
	t.Logf("kill -9, %d times: %d events sent, %d of them twice; none of %d acknowledged events is lost", kills, len(h.sent), twice, 1000*len(h.acked))
}
