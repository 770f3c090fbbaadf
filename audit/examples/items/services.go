package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"example.com/clew/audit"
	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
)

// fleet is the three services on loopback: intake asks screen whether it may have an item, and
// gives it to augment.
type fleet struct {
	intake, screen, augment *service
}

// start starts them.
func start(dir string) (f *fleet, err error) {
	f = &fleet{}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.screen, err = newService(dir, "screen", (*service).screenItem); err != nil {
		return nil, err
	}
	if f.augment, err = newService(dir, "augment", (*service).augmentItem); err != nil {
		return nil, err
	}
	f.intake, err = newService(dir, "intake", (*service).takeItem)
	if err != nil {
		return nil, err
	}
	f.intake.next = []*service{f.screen, f.augment}
	return f, nil
}

// send sends an item to the first of them. Whatever becomes of it, the answer is that it was
// taken: only the audit events tell more.
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
		return fmt.Errorf("intake says %s", response.Status)
	}
	return nil
}

// close ends them, and returns what they have left behind.
func (f *fleet) close() error {
	var errs []error
	for _, s := range []*service{f.intake, f.augment, f.screen} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// service is one of the three.
type service struct {
	audit  *audit.Logger
	log    *slog.Logger
	lines  *os.File
	client *http.Client
	server *httptest.Server
	next   []*service
}

func newService(dir, name string, handle func(*service, http.ResponseWriter, *http.Request)) (*service, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	lines, err := os.OpenFile(filepath.Join(dir, "logs", name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	l, err := audit.Open(audit.Config{Dir: filepath.Join(dir, "audit", name), App: name})
	if err != nil {
		lines.Close()
		return nil, err
	}
	s := &service{audit: l, lines: lines, client: httpclient.Wrap(&http.Client{}, httpclient.Config{})}
	s.log = slog.New(logctx.Slog(slog.NewJSONHandler(lines, nil), logctx.Config{Service: name}))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /items/{item}", func(w http.ResponseWriter, r *http.Request) { handle(s, w, r) })
	s.server = httptest.NewServer(httpmw.New(httpmw.Config{})(mux))
	return s, nil
}

func (s *service) close() error {
	s.server.Close()
	s.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // a fresh one: that of main may have ended
	defer cancel()
	err := s.audit.Close(ctx)
	return errors.Join(err, s.lines.Close())
}

func (s *service) url(item, client string) string {
	return s.server.URL + "/items/" + item + "?client=" + client
}

// takeItem is what intake does.
func (s *service) takeItem(w http.ResponseWriter, r *http.Request) {
	ctx, item, client := r.Context(), r.PathValue("item"), r.FormValue("client")
	s.audit.Log(ctx, "item received", slog.String("item", item), slog.String("client", client))
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

// ask gives an item to another service, and tells whether that has taken it.
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

// screenItem is what screen does: it drops the items of clients that have sent too many.
func (s *service) screenItem(w http.ResponseWriter, r *http.Request) {
	ctx, item, client := r.Context(), r.PathValue("item"), r.FormValue("client")
	if client == "client-over-its-quota" {
		s.audit.Log(ctx, "item dropped", slog.String("item", item), slog.String("why", "the client is over its quota"), slog.Int("quota", 1000))
		s.log.WarnContext(ctx, "a client is over its quota", "client", client)
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	s.audit.Log(ctx, "item passed", slog.String("item", item))
}

// labels are those that augment may find.
var labels = []string{"cat", "sofa", "window"}

// augmentItem is what augment does.
func (s *service) augmentItem(w http.ResponseWriter, r *http.Request) {
	ctx, item := r.Context(), r.PathValue("item")
	if item == "XYZ.123" {
		s.log.InfoContext(ctx, "the model was loaded", "labels", len(labels))
	}
	label := labels[len(item)%len(labels)]
	s.audit.Log(ctx, "item augmented", slog.String("item", item), slog.String("label", label))
}
