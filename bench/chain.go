package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// wiring is the instrumentation of a service.
type wiring struct {
	mw     func() middleware
	client func(base http.RoundTripper) http.RoundTripper // nil if base is not wrapped
	hook   zerolog.Hook                                   // nil if the lines have no IDs
}

// services are three servers. The first sends a request to the second, and the second sends one to
// the third.
type services struct {
	wiring
	out        *lines
	logger     zerolog.Logger
	servers    []*httptest.Server
	transports []*http.Transport
}

// chain returns work that sends requests through three services, each of which writes a line. The
// request to the first service has X-B3-*, not sampled.
func chain(w wiring) work {
	s := &services{wiring: w, out: new(lines)}
	s.logger = zerolog.New(s.out)
	if w.hook != nil {
		s.logger = s.logger.Hook(w.hook)
	}
	first := s.start("first", s.start("second", s.start("third", "")))
	client := &http.Client{Transport: s.pooled()}
	var took []time.Duration
	op := func(n int) { took = inClients(n, 0, func() error { return askMedia(client, first) }) }
	check := func() error {
		written, err := s.out.look(func() { op(1) })
		if err != nil {
			return err
		}
		return s.checkHops(bytes.Split(bytes.TrimSpace(written), []byte("\n")))
	}
	return work{op: op, check: check, latency: func() []time.Duration { return took }, close: s.close}
}

// pooled returns a new transport. The method close closes the transport's idle connections.
func (s *services) pooled() *http.Transport {
	t := &http.Transport{MaxIdleConnsPerHost: keptAlive, DisableCompression: true}
	s.transports = append(s.transports, t)
	return t
}

// start starts a service with this name, and returns its URL. If next is not "", it is the URL of
// another service, to which the service sends each request on.
func (s *services) start(name, next string) (url string) {
	var base http.RoundTripper = s.pooled()
	if s.client != nil {
		base = s.client(base)
	}
	client := &http.Client{Transport: base}
	server := httptest.NewServer(s.mw()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		s.logger.Info().Ctx(ctx).Str("service", name).Str("path", r.URL.Path).Msg("hop")
		if next == "" {
			_, _ = io.WriteString(w, "ok")
			return
		}
		forward(w, client, must(http.NewRequestWithContext(ctx, http.MethodGet, next, nil)))
	})))
	s.servers = append(s.servers, server)
	return server.URL + "/media/7"
}

// forward sends req, and answers with the response.
func forward(w http.ResponseWriter, client *http.Client, req *http.Request) {
	resp, err := client.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// askMedia sends the request, which is the same for every chain.
func askMedia(client *http.Client, url string) error {
	req := must(http.NewRequest(http.MethodGet, url, nil))
	for k, v := range denied.header {
		req.Header[k] = v
	}
	return wantOK(client.Do(req))
}

// wantOK reads and closes a response. Its status must be 200, and its body must be "ok".
func wantOK(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(body) != "ok") {
		err = fmt.Errorf("%s: %q", resp.Status, body)
	}
	return err
}

// checkHops checks the lines of one request: there are three, with the caller's trace ID and
// different span IDs.
func (s *services) checkHops(hops [][]byte) error {
	if len(hops) != 3 {
		return fmt.Errorf("%d lines, want 3", len(hops))
	}
	var spans []string
	for _, hop := range hops {
		traceID, spanID, err := idsOf(hop)
		switch {
		case err != nil:
			return err
		case s.hook == nil && traceID == "": // no tracing
		case traceID != traceHex || spanID == "":
			return fmt.Errorf("wrong IDs on the line %s", hop)
		}
		spans = append(spans, spanID)
	}
	_, spanless := s.hook.(stringHook) // some peers with this hook make no spans
	if s.hook == nil || spanless {
		return nil
	}
	if len(slices.Compact(slices.Sorted(slices.Values(spans)))) != 3 {
		return fmt.Errorf("the three lines share a span: %v", spans)
	}
	return nil
}

func (s *services) close() {
	for _, t := range s.transports {
		t.CloseIdleConnections()
	}
	for _, server := range s.servers {
		server.Close()
	}
}
