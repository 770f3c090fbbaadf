package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"example.com/clew/zipkin"
)

// names are the names of the services, also in Zipkin.
var names = [...]string{"media-api", "network-information", "image-store"}

// spans are the providers that send spans to Zipkin. Each service has its own provider, as if it
// ran in a separate process.
type spans map[string]*zipkin.Provider

// startSpans starts a provider for each service. If one fails, it returns those that it has
// started, and the error. Without -zipkin the environment decides whether spans are sent, as for
// any service.
func startSpans(cfg config) (spans, error) {
	s := spans{}
	for _, name := range names {
		p, err := zipkin.FromEnv(zipkin.Config{Service: name, Endpoint: cfg.zipkin})
		if err != nil {
			return s, err
		}
		s[name] = p
		if cfg.zipkin == "" {
			continue // -ratio has no effect either
		}
		// The ratio is not in the Config, because there 0 means the default.
		if err := p.SetRatio(cfg.ratio); err != nil {
			return s, err
		}
	}
	return s, nil
}

// shutdown sends the last spans. The error contains the number of spans that each service has
// lost.
func (s spans) shutdown(ctx context.Context) error {
	var all sync.WaitGroup // all at once, because each may need the whole timeout
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

// recordedHeader is the response header with which media-api tells the demo that a trace goes to
// Zipkin.
const recordedHeader = "X-B3-Sampled"

// page returns the URL of the page on which Zipkin shows a trace.
func (cfg config) page(id string) string {
	u, err := url.Parse(cfg.zipkin)
	if err != nil { // cannot happen: zipkin.FromEnv has checked the URL
		return ""
	}
	return u.Scheme + "://" + u.Host + "/zipkin/traces/" + id // leaves out user and password
}
