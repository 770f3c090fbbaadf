//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/torture"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forPeople is what the demo says besides log lines.
var forPeople = regexp.MustCompile(`^(|Try, .*|  curl .*|Ctrl-C ends it\.|draining|bye)$`)

// What the demo began before SIGTERM it finishes: whoever got an answer finds it in the log
// with what came after it, whatever was asked for has an end, and the process ends well.
func TestTortureSIGTERMUnderLoad(t *testing.T) {
	clients, enough := torture.Size(4, 16), torture.Size(50, 2_000)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"=1", "GOCOVERDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err, "StdoutPipe")
	require.NoError(t, cmd.Start(), "Start of %s", os.Args[0])

	var text []string // what it writes
	var url string
	up, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			text = append(text, lines.Text())
			if at := regexp.MustCompile(`http://\S+/media/`).FindString(lines.Text()); at != "" && url == "" {
				url = at
				close(up)
			}
		}
	}()
	select {
	case <-up:
	case <-ended:
		require.FailNow(t, "it ended", "standard error: %s", &stderr)
	}

	var mu sync.Mutex
	answers := map[string]string{} // IDs of the requests answered with 200, by what they asked for
	others := map[int]int{}        // how often there was another status
	var asked, unread, broken int  // unread: a status and no body; broken: neither
	var terminated bool
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			for {
				mu.Lock()
				asked++
				media := fmt.Sprint(asked)
				mu.Unlock()
				resp, err := client.Get(url + media)
				if errors.Is(err, syscall.ECONNREFUSED) {
					return
				}
				var body error
				if err == nil {
					_, body = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				mu.Lock()
				switch {
				case err != nil: // at the end, on a connection that the server had closed: nobody has read it
					broken++
				case resp.StatusCode != http.StatusOK:
					others[resp.StatusCode]++
				default:
					answers[media] = resp.Header.Get("X-B3-TraceId")
				}
				if body != nil {
					unread++
				}
				if len(answers) == enough && !terminated {
					terminated = true
					assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM), "SIGTERM")
				}
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	<-ended
	require.NoError(t, cmd.Wait(), "the process; standard error: %s", &stderr)
	assert.Equal(t, "bye", text[len(text)-1], "the last line")
	assert.Empty(t, stderr.String(), "standard error")

	begun, counted, logged := map[string]string{}, map[string]string{}, map[string]string{} // IDs, by media
	lines, noID := 0, 0
	for _, s := range text {
		if forPeople.MatchString(s) {
			continue
		}
		l := parse(s)
		lines++
		if l.TraceID == "" {
			noID++
		}
		if l.Service != "media-api" || l.media == "" {
			continue
		}
		for what, ids := range map[string]map[string]string{"asked for": begun, "views counted, after the response": counted, "request": logged} {
			if l.Message == what {
				assert.NotContains(t, ids, l.media, "a second line %q", s)
				ids[l.media] = l.TraceID
			}
		}
	}
	lost := 0
	for media, id := range answers {
		if counted[media] != id || id == "" {
			lost++
		}
	}
	assert.Zero(t, lost, "requests that were answered, without their views counted under the ID that their client got")
	assert.Zero(t, noID, "lines without an ID, of %d", lines)
	assert.Empty(t, others, "how often there was a status that is not 200")
	// Some that were taken up may have been answered to a client that could not hear it.
	assert.Equal(t, begun, counted, "IDs of what was asked for, and of what was counted after the response")
	assert.Equal(t, begun, logged, "IDs of what was asked for, and of what the access log has")
	assert.GreaterOrEqual(t, len(answers), enough, "answers")
	torture.Row(t, "SIGTERM under load", "%d clients, %d requests, %d answers, of which %d lost; %d without an answer, %d with half of one; %d asked for, %d ended; %d lines, %d without an ID; exit code %d",
		clients, asked, len(answers), lost, broken, unread, len(begun), len(counted), lines, noID, cmd.ProcessState.ExitCode())
}

// If there is not time enough, the demo says how many tasks it has not run.
func TestTortureFailedDrainIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &services{pool: workerpool.New(workerpool.Config{Workers: 1}), drain: time.Second}
		for range 3 {
			require.NoError(t, s.pool.Go(t.Context(), func(ctx context.Context) { <-ctx.Done() }), "Go")
			synctest.Wait() // until the first has begun
		}
		assert.ErrorContains(t, s.shutdown(), "2 tasks not run", "shutdown")
		synctest.Wait()
	})
}
