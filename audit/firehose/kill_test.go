package firehose_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/firehose/internal/fake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const childEnv = "CLEW_FIREHOSE_CHILD" // its value is the stream's URL, a space, and the directory

// sendUntilKilled logs and sends events, in groups of 500. LogSync logs the last event of a group.
// When it has acknowledged that event, sendUntilKilled prints the number of the group's first
// event.
func sendUntilKilled(where string) {
	url, dir, _ := strings.Cut(where, " ")
	a := config()
	a.BaseEndpoint = &url
	sink, err := firehose.Open(context.Background(), firehose.Config{Stream: "audit", AWS: &a})
	if err != nil {
		panic(err)
	}
	l, err := audit.Open(audit.Config{Dir: dir, App: "child", Sink: sink, Full: audit.Block})
	if err != nil {
		panic(err)
	}
	filler := slog.String("filler", strings.Repeat("x", 1000))
	for n := time.Now().UnixNano(); ; n += 500 {
		for i := n; i < n+499; i++ {
			l.Log(context.Background(), "logged", slog.Int64("n", i), filler)
		}
		if err := l.LogSync(context.Background(), "synced", slog.Int64("n", n+499)); err == nil {
			fmt.Println(n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// acknowledged returns the numbers that a child has printed until it was killed.
func acknowledged(out io.Reader) (all []int64) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return all
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64); err == nil {
			all = append(all, n)
		}
	}
}

// eventNumber returns the number of the event in a line. It does not parse JSON, because that
// would take longer than the rest of the test.
func eventNumber(t testing.TB, line []byte) int64 {
	_, after, _ := bytes.Cut(line, []byte(`"n":"`))
	digits, _, _ := bytes.Cut(after, []byte(`"`))
	n, err := strconv.ParseInt(string(digits), 10, 64)
	require.NoError(t, err, "%q", line)
	return n
}

// TestKill kills a process that sends, again and again. No acknowledged event is lost. After each
// kill, only the events of one call may arrive twice.
func TestKill(t *testing.T) {
	runs := 4
	if os.Getenv("CLEW_TORTURE") != "" {
		runs = 50
	}
	most := 0 // the largest number of lines in a call
	got := map[int64]int{}
	calls := make(chan [][]byte, 10_000)
	var slow atomic.Bool // answers are so slow that a child is often killed before it has one
	slow.Store(true)
	s := stream(t, &bucket{}, func(_ int, records [][]byte) fake.Fault {
		calls <- records
		if slow.Load() {
			time.Sleep(150 * time.Millisecond)
		}
		return fake.Fault{}
	})
	server := httptest.NewServer(s)
	dir := t.TempDir()
	var acked []int64
	kills := 0
	// On a busy machine, all children may be killed before LogSync has acknowledged an event. Then
	// more children follow, and each has a second more than the one before.
	for ; kills < runs || len(acked) == 0 && kills < runs+10; kills++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+server.URL+" "+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		alive := 400*time.Millisecond + time.Duration(kills*37%100)*time.Millisecond + time.Duration(max(0, kills-runs+1))*time.Second
		timer := time.AfterFunc(alive, func() { _ = cmd.Process.Kill() })
		acked = append(acked, acknowledged(out)...)
		timer.Stop()
		_ = cmd.Wait()
	}
	slow.Store(false)
	a := config()
	a.BaseEndpoint = &server.URL
	sink, err := firehose.Open(t.Context(), firehose.Config{Stream: "audit", AWS: &a})
	require.NoError(t, err)
	l, err := audit.Open(audit.Config{Dir: dir, App: "last", Sink: sink})
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, sink.Close())
	server.Close()
	require.NoError(t, s.Close())
	close(calls)
	total := 0
	for records := range calls {
		n := 0
		for _, record := range records {
			for line := range bytes.Lines(record) {
				got[eventNumber(t, line)]++
				n++
			}
		}
		most = max(most, n)
		total += n
	}
	for _, first := range acked {
		for n := first; n < first+500; n++ {
			require.NotZero(t, got[n], "acknowledged event %d is lost", n)
		}
	}
	require.NotEmpty(t, acked, "acknowledged events")
	twice := total - len(got)
	assert.LessOrEqual(t, twice, kills*most, "after each kill, at most the events of one call may arrive twice")
	t.Logf("kill -9, %d times: %d events arrived, %d of them twice; the largest call had %d events; 0 of %d acknowledged events were lost", kills, len(got), twice, most, 500*len(acked))
}
