package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/workerpool"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// services are the three running services.
type services struct {
	mediaURL string
	servers  []*http.Server
	pool     *workerpool.Pool
	clients  []*http.Client
	later    sync.WaitGroup // goroutines of media-api that outlive their response
	timer    timer
	spans    spans
	drain    time.Duration
}

func start(log io.Writer, refresh time.Duration, cfg config) (*services, error) {
	s := &services{pool: workerpool.New(workerpool.Config{Workers: 4}), drain: cfg.drain}
	var err error
	if s.spans, err = startSpans(cfg); err != nil {
		return nil, errors.Join(err, s.shutdown())
	}
	network, err := s.serve("network-information", byZerolog(log, cfg), s.networkInformation())
	if err != nil {
		return nil, errors.Join(err, s.shutdown())
	}
	images, err := s.serve("image-store", bySlog(log, cfg), imageStore())
	if err != nil {
		return nil, errors.Join(err, s.shutdown())
	}
	s.mediaURL, err = s.serve("media-api", byZerolog(log, cfg), s.mediaAPI(network, images))
	if err != nil {
		return nil, errors.Join(err, s.shutdown())
	}
	s.timer.start(byZerolog(log, cfg)("media-api").Logger.WithContext(context.Background()), refresh)
	return s, nil
}

// logger returns the httpmw.Config with a service's logger.
type logger func(service string) httpmw.Config

// byZerolog returns the logger of most services: at level info, as text for people or as JSON.
func byZerolog(log io.Writer, cfg config) logger {
	return func(service string) httpmw.Config {
		names := cfg.names(service)
		l := logctx.Console(log, names)
		if cfg.json {
			l = logctx.New(log, names)
		}
		l = l.Level(zerolog.InfoLevel)
		return httpmw.Config{Logger: &l}
	}
}

// bySlog returns the logger of a service that uses slog: at level debug, as text or as JSON.
func bySlog(log io.Writer, cfg config) logger {
	return func(service string) httpmw.Config {
		opts := &slog.HandlerOptions{Level: slog.LevelDebug}
		var h slog.Handler = slog.NewTextHandler(log, opts)
		if cfg.json {
			h = slog.NewJSONHandler(log, opts)
		}
		return httpmw.Config{Slog: slog.New(logctx.Slog(h, cfg.names(service)))}
	}
}

// serve wraps h in the usual middleware, starts a server for it, and returns the server's URL.
func (s *services) serve(name string, log logger, h http.Handler) (string, error) {
	cfg := log(name)
	cfg.ResponseHeader, cfg.TracerProvider = "X-B3-TraceId", s.spans[name]
	h = httpmw.New(cfg)(httpmw.AccessLog(httpmw.AccessLogConfig{})(h))

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(l)
	return "http://" + l.Addr().String(), nil
}

// shutdown waits for all work that has begun: requests, tasks, goroutines and the timer.
func (s *services) shutdown() error {
	// The context is new, because main's context has ended by now.
	ctx, cancel := context.WithTimeout(context.Background(), s.drain)
	defer cancel()
	var errs []error
	for i := len(s.servers) - 1; i >= 0; i-- { // callers first
		errs = append(errs, s.servers[i].Shutdown(ctx))
	}
	s.timer.stop()
	s.later.Wait()
	errs = append(errs, s.pool.Shutdown(ctx))
	for _, c := range s.clients {
		c.CloseIdleConnections()
	}
	// Spans come last, when all work has ended. They get a new timeout, because requests and tasks
	// may have used up theirs.
	ctx, cancel = context.WithTimeout(context.Background(), s.drain)
	defer cancel()
	errs = append(errs, s.spans.shutdown(ctx))
	return errors.Join(errs...)
}

// mediaAPI calls the two other services, and continues to work after it has answered.
func (s *services) mediaAPI(network, images string) http.Handler {
	cfg := httpclient.Config{TracerProvider: s.spans["media-api"], CallLog: &httpclient.CallLogConfig{}}
	client := httpclient.Wrap(&http.Client{Transport: &http.Transport{}}, cfg)
	restyClient := httpclient.Resty(resty.New().SetBaseURL(images), cfg)
	s.clients = append(s.clients, client, restyClient.GetClient())

	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx, id := r.Context(), r.PathValue("id")
		logctx.Info(ctx).Str("media", id).Msg("asked for")
		logctx.Debug(ctx).Str("media", id).Msg("seen only in a debug trace")
		if oteltrace.SpanFromContext(ctx).IsRecording() {
			w.Header().Set(recordedHeader, "1")
		}

		bandwidth, err := get(ctx, client, network+"/bandwidth/"+id)
		if err != nil {
			fail(w, r, id, err)
			return
		}
		image, err := restyClient.R().SetContext(ctx).SetPathParam("id", id).Get("/images/{id}")
		if err == nil && image.IsError() {
			err = errors.New(image.Status())
		}
		if err != nil {
			fail(w, r, id, err)
			return
		}

		answered := ctx.Done() // net/http cancels ctx when the handler has returned
		s.later.Go(workerpool.Wrap(ctx, func(ctx context.Context) {
			<-answered
			logctx.Info(ctx).Str("media", id).Msg("views counted, after the response")
		}))
		fmt.Fprintf(w, "%s at %s\n", image, bandwidth)
	})
	return mux
}

func get(ctx context.Context, c *http.Client, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func fail(w http.ResponseWriter, r *http.Request, id string, err error) {
	logctx.Err(r.Context(), err).Str("media", id).Msg("cannot answer")
	http.Error(w, "bad gateway", http.StatusBadGateway)
}

// networkInformation answers after work in a pool and in a group of goroutines.
func (s *services) networkInformation() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bandwidth/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx, id := r.Context(), r.PathValue("id")
		measured := workerpool.Submit(ctx, s.pool, func(ctx context.Context) (string, error) {
			logctx.Info(ctx).Str("media", id).Msg("measured, in the pool")
			return "40 Mbit/s", nil
		})

		group := workerpool.NewGroup(ctx)
		for _, table := range []string{"carriers", "regions"} {
			group.Go(func(ctx context.Context) error {
				lookUp(ctx, id, table)
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			fail(w, r, id, err)
			return
		}
		answer, err := measured.Wait(ctx)
		if err != nil {
			fail(w, r, id, err)
			return
		}
		io.WriteString(w, answer)
	})
	return mux
}

// lookUp is code that does not use clew.
func lookUp(ctx context.Context, id, table string) {
	zerolog.Ctx(ctx).Info().Str("media", id).Str("table", table).Msg("looked up, in a group, says plain zerolog")
}

// imageStore logs with slog, and calls a database.
func imageStore() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /images/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx, id := r.Context(), r.PathValue("id")
		image, err := find(ctx, id)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		logctx.SlogFrom(ctx).Info("found, says slog", "media", id)
		io.WriteString(w, image)
	})
	return mux
}

// find replaces a call to a database. Such a call is not HTTP.
func find(ctx context.Context, id string) (image string, err error) {
	_, done := logctx.Call(ctx, "dynamodb", "GetItem")
	defer func() { done(err) }()
	time.Sleep(200 * time.Microsecond)
	return "image " + id, nil
}

const refreshJob = "catalogue refresh"

// timer runs a job again and again. Each run has its own trace.
type timer struct {
	cancel context.CancelFunc
	done   chan struct{}
	ran    chan int
}

func (t *timer) start(ctx context.Context, every time.Duration) {
	ctx, t.cancel = context.WithCancel(ctx)
	t.done, t.ran = make(chan struct{}), make(chan int, 1)
	go func() {
		defer close(t.done)
		run := 0
		workerpool.Every(workerpool.Logged(ctx, refreshJob), every, func(ctx context.Context) {
			run++
			logctx.Info(ctx).Int("run", run).Msg("refresh begins")
			logctx.Info(ctx).Int("run", run).Msg("refresh ends")
			select {
			case t.ran <- run:
			default:
			}
		})
	}()
}

// wait waits until the job has run n times.
func (t *timer) wait(ctx context.Context, n int) error {
	for run := 0; run < n; {
		select {
		case run = <-t.ran:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (t *timer) stop() {
	if t.cancel != nil {
		t.cancel()
		<-t.done
	}
}
