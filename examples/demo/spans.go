package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"example.com/clew/zipkin"
)

// names are what the services are called in Zipkin.
var names = [...]string{"media-api", "network-information", "image-store"}

// spans are what the services send to Zipkin. Each has a provider of its own, as if it were a process
// of its own.
type spans map[string]*zipkin.Provider

// startSpans returns what has been started also when there is an error. Without -zipkin, it is the
// environment that says whether spans go anywhere, as it would for a service.
func startSpans(cfg config) (spans, error) {
	s := spans{}
	for _, name := range names {
		p, err := zipkin.FromEnv(zipkin.Config{Service: name, Endpoint: cfg.zipkin})
		if err != nil {
			return s, err
		}
		s[name] = p
		if cfg.zipkin == "" {
			continue // nor does -ratio count
		}
		if err := p.SetRatio(cfg.ratio); err != nil { // not in Config, where 0 means the default
			return s, err
		}
	}
	return s, nil
}

// shutdown sends what is left. The error says which services have lost how many spans.
func (s spans) shutdown(ctx context.Context) error {
	var all sync.WaitGroup // at once: each may need all the time that there is
	var errs [len(names)]error
	for i, name := range names {
		if p := s[name]; p != nil {
			all.Go(func() {
				if err := p.Shutdown(ctx); err != nil {
					errs[i] = fmt.Errorf("%s: %w", name, err)
				}
			})
		}
	}
	all.Wait()
	return errors.Join(errs[:]...)
}

// recordedHeader is how media-api says that a trace goes to Zipkin.
const recordedHeader = "X-B3-Sampled"

// page is where Zipkin shows a trace.
func (cfg config) page(id string) string {
	u, err := url.Parse(cfg.zipkin)
	if err != nil { // zipkin.NewProvider has said so
		return ""
	}
	return u.Scheme + "://" + u.Host + "/zipkin/traces/" + id // without the password that may be in it
}
