package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"example.com/clew/zipkin"
)

// names are the services' names in Zipkin.
var names = [...]string{"media-api", "network-information", "image-store"}

// spans are the providers that send spans to Zipkin. Each service has its own, as if it were a
// process of its own.
type spans map[string]*zipkin.Provider

// startSpans starts a provider for each service. With an error it returns those that it has
// started. Without -zipkin the environment decides whether spans go anywhere, as it would for a
// service.
func startSpans(cfg config) (spans, error) {
	s := spans{}
	for _, name := range names {
		p, err := zipkin.FromEnv(zipkin.Config{Service: name, Endpoint: cfg.zipkin})
		if err != nil {
			return s, err
		}
		s[name] = p
		if cfg.zipkin == "" {
			continue // -ratio does not count either
		}
		if err := p.SetRatio(cfg.ratio); err != nil { // not by Config, where 0 means the default
			return s, err
		}
	}
	return s, nil
}

// shutdown sends the last spans. The error says which services have lost how many spans.
func (s spans) shutdown(ctx context.Context) error {
	var all sync.WaitGroup // at once, because each may need all the time
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

// recordedHeader is the header by which media-api says that a trace goes to Zipkin.
const recordedHeader = "X-B3-Sampled"

// page returns the URL at which Zipkin shows a trace.
func (cfg config) page(id string) string {
	u, err := url.Parse(cfg.zipkin)
	if err != nil { // zipkin.NewProvider has returned it before
		return ""
	}
	return u.Scheme + "://" + u.Host + "/zipkin/traces/" + id // without a password
}
