package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stream is a fake Firehose stream that keeps its events. While away is true, it refuses all
// events. newStream sets the environment so that clew-audit uses this stream.
type stream struct {
	away  atomic.Bool
	taken strings.Builder
}

func newStream(t *testing.T) *stream {
	t.Helper()
	s := &stream{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_FIREHOSE": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "wordless",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
	} {
		t.Setenv(name, value)
	}
	return s
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct{ Records []struct{ Data []byte } }
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || s.away.Load() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException","message":"no such stream"}`))
		return
	}
	type response struct{ RecordId string }
	var answer struct {
		FailedPutCount   int
		RequestResponses []response
	}
	for _, record := range call.Records {
		s.taken.Write(record.Data)
		answer.RequestResponses = append(answer.RequestResponses, response{"1"})
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer)
}

// Ingest can read the lines that it has sent to a stream.
func TestIngestToFirehose(t *testing.T) {
	s := newStream(t)
	dir := t.TempDir()
	s.away.Store(true)
	r := clewAudit(t, events, "ingest", "-d", dir, "--firehose", "audit")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.err, "4 events written", "the events are written to the journal")
	assert.Contains(t, r.err, "no such stream")
	assert.NotContains(t, r.err, "wordless")
	assert.Equal(t, "4\n", clewAudit(t, "", "find", "-d", dir, "--count").out, "the events wait in the journal")

	s.away.Store(false)
	r = clewAudit(t, event(0, firstTrace, "mail", "exported", ""), "ingest", "-d", dir, "--firehose", "audit")
	require.Equal(t, exitFound, r.code, r.err)
	assert.Equal(t, 5, strings.Count(s.taken.String(), "\n"))
	assert.Equal(t, "0\n", clewAudit(t, "", "find", "-d", dir, "--count").out, "the events were sent, and are no longer in the journal")
	again := lakeOf(t, s.taken.String())
	assert.Equal(t, clewAudit(t, "", "find", "-d", lakeOf(t, events+event(0, firstTrace, "mail", "exported", ""))).out, clewAudit(t, "", "find", "-d", again).out)
}
