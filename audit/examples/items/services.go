package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
)

// fleet is the three services, which run on loopback. Intake sends each item to screen. If screen
// accepts the item, intake sends it to augment.
type fleet struct {
	intake, screen, augment *service
	off                     chan switchedOff
}

// services returns all services, in the order in which an item reaches them.
func (f *fleet) services() []*service { return []*service{f.intake, f.screen, f.augment} }

// switchedOff is a filter that was switched off in a service.
type switchedOff struct {
	filter.Off
	service string
}

// onOff returns the function that a service calls when a filter was switched off. A real service
// would alert somebody.
func (f *fleet) onOff(service string) func(filter.Off) {
	return func(off filter.Off) {
		select {
		case f.off <- switchedOff{off, service}:
		default: // nobody reads the channel
		}
	}
}

// filters returns the directory of the filter files.
func filters(dir string) string { return filepath.Join(dir, "filters") }

// start starts the services. They read the filters in dir/filters again and again. The argument
// every is the interval.
func start(dir string, every time.Duration) (f *fleet, err error) {
	if err := os.MkdirAll(filters(dir), 0o755); err != nil {
		return nil, err
	}
	for _, name := range []string{goodFile, badFile} { // left by an earlier run
		if err := os.Remove(filepath.Join(filters(dir), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f = &fleet{off: make(chan switchedOff, 10)}
	newService := func(name string, handle func(*service, http.ResponseWriter, *http.Request)) (*service, error) {
		return newService(dir, name, filter.Config{Every: every, OnOff: f.onOff(name)}, handle)
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.screen, err = newService("screen", (*service).screenItem); err != nil {
		return nil, err
	}
	if f.augment, err = newService("augment", (*service).augmentItem); err != nil {
		return nil, err
	}
	f.intake, err = newService("intake", (*service).takeItem)
	if err != nil {
		return nil, err
	}
	f.intake.next = []*service{f.screen, f.augment}
	return f, nil
}

// send sends an item to intake. Intake answers 202 Accepted even if screen drops the item. Only
// the audit events show what happened to the item.
func (f *fleet) send(ctx context.Context, item, client string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.intake.url(item, client), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("intake answered %s", response.Status)
	}
	return nil
}

// close ends the services, and returns their errors.
func (f *fleet) close() error {
	var errs []error
	for _, s := range []*service{f.intake, f.augment, f.screen} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// service is one of the three services.
type service struct {
	name    string
	audit   *audit.Logger
	filters *filter.Set
	alarm   *alarm
	log     *slog.Logger
	lines   *os.File
	client  *http.Client
	server  *httptest.Server
	next    []*service
}

func newService(dir, name string, cfg filter.Config, handle func(*service, http.ResponseWriter, *http.Request)) (s *service, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	s = &service{name: name, alarm: newAlarm(), client: httpclient.Wrap(&http.Client{}, httpclient.Config{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	s.lines, err = os.OpenFile(filepath.Join(dir, "logs", name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	s.log = slog.New(logctx.Slog(slog.NewJSONHandler(s.lines, nil), logctx.Config{Service: name}))
	cfg.Source, cfg.App, cfg.Filtered, cfg.Dir = filters(dir), name, true, filepath.Join(dir, "audit", name)
	cfg.Logger, cfg.MeterProvider = s.log, s.alarm.provider
	if s.filters, err = filter.Open(cfg); err != nil {
		return nil, err
	}
	if s.audit, err = audit.Open(audit.Config{Dir: cfg.Dir, App: name, Filter: s.filters.Judge}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /items/{item}", func(w http.ResponseWriter, r *http.Request) { handle(s, w, r) })
	s.server = httptest.NewServer(httpmw.New(httpmw.Config{})(mux))
	return s, nil
}

// close ends the server, then the Logger, then the filters, because the Logger calls the filters
// until it ends.
func (s *service) close() error {
	if s.server != nil {
		s.server.Close()
	}
	s.client.CloseIdleConnections()
	// The context of main is not used here, because it may have ended.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	errs := []error{s.audit.Close(ctx), s.filters.Close(ctx), s.alarm.close(ctx)}
	if s.lines != nil {
		errs = append(errs, s.lines.Close())
	}
	return errors.Join(errs...)
}

func (s *service) url(item, client string) string {
	return s.server.URL + "/items/" + item + "?client=" + client
}

// takeItem is the handler of intake.
func (s *service) takeItem(w http.ResponseWriter, r *http.Request) {
	ctx, item, client := r.Context(), r.PathValue("item"), r.FormValue("client")
	s.audit.Log(ctx, "item received", slog.String("item", item), slog.String("client_id", client))
	for _, next := range s.next {
		taken, err := s.ask(ctx, next.url(item, client))
		if err != nil {
			s.log.ErrorContext(ctx, "a service does not answer", "error", err)
			http.Error(w, trace.ID(ctx), http.StatusBadGateway)
			return
		}
		if !taken {
			break
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// ask sends an item to another service, and reports whether that service has accepted it.
func (s *service) ask(ctx context.Context, url string) (taken bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return false, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK, err
}

// screenItem is the handler of screen. It drops the items of clients that have sent too many.
func (s *service) screenItem(w http.ResponseWriter, r *http.Request) {
	ctx, item, client := r.Context(), r.PathValue("item"), r.FormValue("client")
	if client == "client-over-its-quota" {
		s.audit.Log(ctx, "item dropped", slog.String("item", item), slog.String("client_id", client), slog.String("why", "the client is over its quota"), slog.Int("quota", 1000))
		s.log.WarnContext(ctx, "a client is over its quota", "client", client)
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	s.audit.Log(ctx, "item passed", slog.String("item", item), slog.String("client_id", client))
}

// labels are the labels that augment chooses from.
var labels = []string{"cat", "sofa", "window"}

// augmentItem is the handler of augment.
func (s *service) augmentItem(w http.ResponseWriter, r *http.Request) {
	ctx, item, client := r.Context(), r.PathValue("item"), r.FormValue("client")
	if item == "XYZ.123" {
		s.log.InfoContext(ctx, "the model was loaded", "labels", len(labels))
	}
	label := labels[len(item)%len(labels)]
	s.audit.Log(ctx, "item augmented", slog.String("item", item), slog.String("client_id", client), slog.String("label", label))
}
