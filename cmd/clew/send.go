package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
)

const (
	// maxPost is the largest post, in bytes. Zipkin's server accepts 10 MB, but a proxy in front
	// of it often accepts less.
	maxPost  = 4 << 20
	sendTime = 30 * time.Second // the timeout of a post
)

// sender posts spans to a Zipkin.
type sender struct {
	url    *url.URL // of /api/v2/spans
	client *http.Client
	most   int // the largest length of body
	body   bytes.Buffer
	added  int // the number of spans in body
	spans  int // the number of spans that were sent
}

// sender returns the sender that --send asks for, or nil without --send. The URL may be the
// address of Zipkin, of its page, or of /api/v2/spans.
func (t *timelineCommand) sender() (*sender, error) {
	if t.Send == "" {
		return nil, nil
	}
	u, err := url.Parse(t.Send)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("--send wants a URL such as http://zipkin:9411")
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v2/spans")
	path, _, _ = strings.Cut(path+"/", "/zipkin/") // Zipkin's page, or a trace on the page
	u.Path, u.RawPath, u.RawQuery, u.Fragment = strings.TrimRight(path, "/")+"/api/v2/spans", "", "", ""
	// A redirect would turn the post into a GET without a body, which is answered with 200.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &sender{url: u, most: maxPost, client: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}, Timeout: sendTime, CheckRedirect: stay,
	}}, nil
}

// deliver sends traces. It writes an error to standard error, and returns it. If Ctrl-C ends the
// sending, deliver only writes the error.
func (s *sender) deliver(ctx context.Context, std streams, trees iter.Seq[*timeline.Tree]) []error {
	err := s.all(ctx, std, trees)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		std.say("not all was sent: %v", err)
		return nil
	}
	std.say("%v", err)
	return []error{err}
}

// all sends traces, and writes how many spans it has sent. If Ctrl-C has ended the reading, it
// sends nothing, because in Zipkin a part of a trace looks like the whole.
func (s *sender) all(ctx context.Context, std streams, trees iter.Seq[*timeline.Tree]) error {
	if ctx.Err() != nil {
		std.say("nothing was sent to %s: the lines were not read to their end", s.url.Redacted())
		return nil
	}
	defer s.client.CloseIdleConnections()
	for tree := range trees {
		if err := s.send(ctx, tree); err != nil {
			return err
		}
	}
	if err := s.post(ctx); err != nil {
		return err
	}
	spans := fmt.Sprintf("%d spans", s.spans)
	if s.spans == 1 {
		spans = "1 span"
	}
	std.say("sent %s to %s", spans, s.url.Redacted())
	return nil
}

// send adds a trace, and posts each body that is full.
func (s *sender) send(ctx context.Context, tree *timeline.Tree) error {
	for span := range tree.ZipkinSpans() {
		if s.body.Len() > 0 && s.body.Len()+len(span) > s.most {
			if err := s.post(ctx); err != nil {
				return err
			}
		}
		s.add(span)
	}
	return nil
}

func (s *sender) add(span []byte) {
	if s.body.Len() == 0 {
		s.body.WriteByte('[')
	} else {
		s.body.WriteByte(',')
	}
	s.body.Write(span)
	s.added++
}

// post posts what was added. The request carries no trace, because Zipkin would report that trace
// in turn.
func (s *sender) post(ctx context.Context) error {
	if s.added == 0 {
		return nil
	}
	s.body.WriteByte(']')
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(s.body.Bytes()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("%w%s", err, s.already())
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 400))
		why := strings.TrimSpace(string(answer))
		if why != "" {
			why = ": " + why
		}
		return fmt.Errorf("%s answered %s%s%s", s.url.Redacted(), resp.Status, why, s.already())
	}
	s.spans += s.added
	s.added = 0
	s.body.Reset()
	return nil
}

// already returns a remark for an error: how many spans were sent before it.
func (s *sender) already() string {
	if s.spans == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d spans were sent before)", s.spans)
}
