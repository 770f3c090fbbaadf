package faults_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit/s3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

const (
	bucket    = "audit"
	url       = "s3://audit/some/prefix"
	secretKey = "wJalrXUtnFEMI-not-for-logs"
)

// server is gofakes3, with additions for what S3 has and gofakes3 lacks: checksums, the date, and
// conditions on all requests. The server checks a condition and executes its request in one step:
// no other request comes between. The server is an aws.HTTPClient, so that tests need no network
// and can run in a bubble of synctest.
type server struct {
	next http.Handler
	// fault, if not nil, is called for each request. The argument n is the number of the request,
	// from 1. If fault returns a response or an error, that is the answer. Otherwise the server
	// answers.
	fault func(n int, req *http.Request) (*http.Response, error)
	// lost, if not nil, reports whether the answer to a request is lost. The server still does
	// what the request says.
	lost func(n int, req *http.Request) bool
	// names is the maximum number of names in an answer to a listing; 0 means 1,000.
	names int
	// ignorant means that the server ignores conditions.
	ignorant bool

	mu    sync.Mutex
	n     int
	sums  map[string]string // the checksums of the files, by path
	asked []string          // the method and the URI of each request
}

func newServer(t *testing.T) *server {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket(bucket))
	return &server{next: gofakes3.New(backend).Server(), sums: map[string]string{}}
}

func (s *server) open(t *testing.T, cache string) *s3.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), s3.Config{URL: url, AWS: s.settings(), Cache: cache})
	require.NoError(t, err)
	return store
}

func (s *server) settings() *aws.Config {
	return &aws.Config{
		BaseEndpoint: aws.String("http://s3.test"),
		HTTPClient:   s,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: secretKey, SessionToken: "token-" + secretKey}, nil
		}),
	}
}

// set sets the fault. It may be called while requests are under way.
func (s *server) set(fault func(n int, req *http.Request) (*http.Response, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Do answers a request, as http.Client does.
func (s *server) Do(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.n++
	n, fault, lost := s.n, s.fault, s.lost
	s.asked = append(s.asked, req.Method+" "+req.URL.RequestURI())
	s.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if fault != nil {
		if resp, err := fault(n, req); resp != nil || err != nil {
			return resp, err
		}
	}
	resp := s.serve(req)
	if lost != nil && lost(n, req) {
		return nil, errReset
	}
	return resp, nil
}

// serve answers a request as S3 does. It handles one request at a time.
func (s *server) serve(req *http.Request) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	if code := s.refuse(req, body); code != 0 {
		return answer(code, map[int]string{412: "PreconditionFailed", 400: "BadDigest"}[code])
	}
	inner := req.Clone(req.Context())
	inner.Body = io.NopCloser(bytes.NewReader(body))
	inner.Header.Del("If-Match")
	inner.Header.Del("If-None-Match")
	// gofakes3 refuses a suffix that is longer than the file.
	if suffix, ok := strings.CutPrefix(req.Header.Get("Range"), "bytes=-"); ok {
		if size := s.head(req.URL.EscapedPath()).Header().Get("Content-Length"); size != "0" && (len(size) < len(suffix) || size < suffix && len(size) == len(suffix)) {
			inner.Header.Set("Range", "bytes=0-")
		}
	}
	if query := req.URL.Query(); s.names > 0 && query.Has("list-type") {
		query.Set("max-keys", strconv.Itoa(s.names))
		inner.URL.RawQuery = query.Encode()
	}
	inner.RequestURI = inner.URL.RequestURI()
	inner.Header.Set("Content-Length", strconv.Itoa(len(body))) // gofakes3 needs it
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, inner)
	resp := w.Result()
	resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	s.note(req, resp, body)
	return resp
}

// refuse returns the status with which S3 refuses a request, or 0.
func (s *server) refuse(req *http.Request, body []byte) int {
	if want := req.Header.Get("X-Amz-Checksum-Crc64nvme"); want != "" && want != sum(body) {
		return http.StatusBadRequest
	}
	if s.ignorant {
		return 0
	}
	match, none := req.Header.Get("If-Match"), req.Header.Get("If-None-Match")
	if match == "" && none == "" {
		return 0
	}
	is := s.etag(req.URL.EscapedPath())
	switch {
	case match != "" && is == "" && req.Method != http.MethodPut:
		return 0 // gofakes3 answers that the file does not exist
	case match != "" && match != is || none == "*" && is != "":
		return http.StatusPreconditionFailed
	}
	return 0
}

func (s *server) etag(path string) string {
	w := s.head(path)
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Header().Get("ETag")
}

func (s *server) head(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, httptest.NewRequest(http.MethodHead, path, nil))
	return w
}

// note keeps the checksum of a file that was uploaded in one part, and adds it to the answers to
// HEAD requests.
func (s *server) note(req *http.Request, resp *http.Response, body []byte) {
	path := req.URL.Path
	switch {
	case req.Method == http.MethodHead && s.sums[path] != "":
		resp.Header.Set("X-Amz-Checksum-Crc64nvme", s.sums[path])
		resp.Header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	case req.Method == http.MethodPost && resp.StatusCode == http.StatusOK:
		delete(s.sums, path)
	case req.Method == http.MethodPut && req.URL.RawQuery == "x-id=PutObject" && resp.StatusCode == http.StatusOK:
		s.sums[path] = sum(body)
	}
}

func sum(data []byte) string {
	crc := crc64.Checksum(data, crc64.MakeTable(0x9a6c_9329_ac4b_c9b5))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc))
}

// count returns the number of requests whose method and URI contain the text.
func (s *server) count(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, asked := range s.asked {
		if strings.Contains(asked, text) {
			n++
		}
	}
	return n
}

// answer returns an error response of S3.
func answer(status int, code string) *http.Response {
	body := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>Because of a test</Message></Error>`, code)
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "Content-Type": {"application/xml"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

func body(text string) (io.ReadCloser, int64) {
	return io.NopCloser(strings.NewReader(text)), int64(len(text))
}
