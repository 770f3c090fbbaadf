// Package adapters tests clew with libraries that run a program's code. It has no code of its own,
// because nearly all of them need only one line. The lines are below, as the tests run them.
// docs/recipes.md shows them with more around them.
//
// # Tasks
//
// fn is a func(ctx context.Context). load also returns an error. clew has one rule: a task that
// the request waits for ends with the request, and a task that it does not wait for keeps only the
// trace.
//
//	ants                    pool.Submit(workerpool.Wrap(ctx, fn))
//	ants, waited for        pool.Submit(func() { defer all.Done(); check(task()) })
//	ants, one function      pool.Invoke(item{trace.Detach(ctx), fn})
//	pond                    pool.Go(workerpool.Wrap(ctx, fn))
//	pond, waited for        pool.SubmitErr(workerpool.WrapErr(ctx, load))
//	pond, a group           group.SubmitErr(workerpool.WrapErr(group.Context(), load))
//	gammazero/workerpool    pool.Do(workerpool.Wrap(ctx, fn))
//	conc                    pool.Go(workerpool.WrapErr(ctx, load))
//	conc, with a context    pool := conc.New().WithContext(ctx)
//	errgroup                group.Go(workerpool.WrapErr(ctx, load))
//	WaitGroup, waited for   wg.Go(func() { fn(ctx) })
//	WaitGroup, at shutdown  wg.Go(workerpool.Wrap(ctx, fn))
//	time.AfterFunc          time.AfterFunc(d, workerpool.Wrap(ctx, fn))
//	context.AfterFunc       context.AfterFunc(ctx, workerpool.Wrap(ctx, fn))
//	singleflight            group.Do(key, func() (any, error) { return load(trace.Detach(ctx)) })
//
// With ants, a task that is waited for is workerpool.WrapErr(ctx, load) in a closure, because ants
// takes no function that returns an error.
//
// A task that returns a value is a closure over ctx, as with the WaitGroup. Implicit does not
// reach into a closure. If fn logs without a context, use workerpool.NewGroup, or Wrap it.
//
// With singleflight, the work is in the trace of the first caller. The others wait for it in their
// own. Detach the context, because otherwise all callers fail when the first one goes away.
//
// # Schedules
//
// Each run is a new trace. It has a link to the trace that it was scheduled in, if any. A Job ends
// when it returns. A run that takes gocron's own context begins its trace itself, and ends with
// the scheduler. The schedule ends with the context of gocron.WithContext, which must be main's
// and not a request's.
//
//	cron                    c.AddFunc("@every 1m", workerpool.Job(ctx, fn))
//	gocron                  s.NewJob(every, gocron.NewTask(workerpool.Job(ctx, fn)))
//	in a run of gocron's    ctx, span := trace.Root(ctx, "report")
//
// # Messages
//
// A message carries its trace in one header, by trace.Propagator{Encoding: b3.B3SingleHeader}. A
// consumer calls handle, in example_messages_test.go, for each message, also in a batch. handle
// begins a span in the message's trace, and runs the handler in trace.Do. Work that a handler does
// not wait for needs Wrap or Go, because a message's context ends with its handler.
//
// SQS returns only the attributes that a consumer asks for. NATS headers are case-sensitive, so
// propagation.HeaderCarrier, which writes B3, does not fit. Kinesis has no headers, so they are a
// field of the data.
//
//	Kafka, out              kgo.WithHooks(produced{})
//	Kafka, in               handle(ctx, r.Topic, headers, func(ctx context.Context) error { return fn(ctx, r) })
//	NATS, out               propagator.Inject(ctx, natsHeader{m.Header})
//	NATS, in                handle(context.Background(), subject, natsHeader{m.Header},
//	SQS, out                MessageAttributes: sqsAttributes(ctx)
//	SQS, in                 in.MessageAttributeNames = slices.Concat(in.MessageAttributeNames, propagator.Fields())
//	Kinesis, out            propagator.Inject(ctx, o.Headers)
//	Kinesis, in             handle(ctx, stream, o.Headers, func(ctx context.Context) error { return fn(ctx, o) })
//	watermill, out          propagator.Inject(ctx, propagation.MapCarrier(msg.Metadata))
//	watermill, in           router.AddMiddleware(traced)
//
// # HTTP
//
// gin and echo have contexts of their own, which they reuse for the next request. Take the
// request's context from them before you start anything that outlives the handler.
//
//	gin                     ctx := c.Request.Context()
//	echo                    ctx := c.Request().Context()
//	both, in main           handler = httpmw.New(httpmw.Config{Logger: &logger})(handler)
//	http.DefaultClient      http.DefaultClient = httpclient.Wrap(http.DefaultClient, httpclient.Config{})
//
// Some middleware writes late, such as chi's Timeout its 504, or echo's error handler its answer.
// The access line has such an answer only if AccessLog stands further out.
//
// # Routes
//
// Most middleware hands on a copy of the request, and a router writes its pattern into the copy.
// SetRoute in the innermost middleware takes the route to the access line and the span.
//
//	ServeMux, before it     _, pattern := mux.Handler(r)
//	ServeMux, then          httpmw.SetRoute(r.Context(), pattern)
//	chi, before next        route := chi.RouteContext(r.Context())
//	chi, then               defer func() { httpmw.SetRoute(r.Context(), route.RoutePattern()) }()
//	gorilla, in Use         template, _ := mux.CurrentRoute(r).GetPathTemplate()
//	gorilla, then           httpmw.SetRoute(r.Context(), template)
//	gin, in Use             httpmw.SetRoute(c.Request.Context(), c.FullPath())
//	echo, in Use            httpmw.SetRoute(c.Request().Context(), c.Path())
//
// # fiber
//
// fiber is not net/http, so it needs aroundV2 or aroundV3: some forty lines to copy, in
// example_fiber_test.go. Use them first, and fiber's recover after them, because the access log
// cannot see how a middleware further out changes the response.
//
//	v2                      app.Use(aroundV2(httpmw.New(httpmw.Config{Logger: &logger})))
//	v2, access log          app.Use(aroundV2(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v2, in a handler        ctx := c.UserContext()
//	v3                      app.Use(aroundV3(httpmw.New(httpmw.Config{Logger: &logger})))
//	v3, access log          app.Use(aroundV3(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v3, in a handler        ctx := c.Context()
//
// fiber's own adaptor.HTTPMiddleware is no substitute. It runs a middleware to its end before the
// handlers begin. So the access log always says 200, spans take no time, and the headers that
// Config.Trust refuses stay. The trace is then only in fiber's own context (c.Context() in v2, c
// in v3), which fiber reuses for the next request. adaptor.FiberApp hands on no context at all:
// put clew into the app, not around it.
//
// # Spans
//
// tp is a provider, from zipkin.NewProvider or any SDK. OpenTelemetry's instrumentation joins the
// trace of its context. Without a provider option, it uses the global provider.
//
//	in main                 otel.SetTracerProvider(tp)
//	AWS                     o.TracerProvider = smithyoteltracing.Adapt(tp)
//	AWS, each attempt       o.HTTPClient = httpclient.Wrap(client, httpclient.Config{})
//	database/sql            db := otelsql.OpenDB(connector, otelsql.WithTracerProvider(tp), otelsql.WithAttributes(address))
//	gRPC, both sides        opts := []otelgrpc.Option{otelgrpc.WithTracerProvider(tp), otelgrpc.WithPropagators(trace.Propagator{})}
//	gRPC, out               grpc.WithStatsHandler(otelgrpc.NewClientHandler(opts...))
//	gRPC, in                grpc.StatsHandler(otelgrpc.NewServerHandler(opts...))
//	OTLP instead            tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
//	OTLP beside Zipkin      tp.RegisterSpanProcessor(sdktrace.NewBatchSpanProcessor(exporter))
//
// # Calls
//
// logctx.Call makes a client span and a debug line for a call that is not HTTP. sqlCalls,
// redisCalls, grpcCalls and awsCalls do so for each call of a client. Copy them from
// calls_test.go. For HTTP calls, CallLog in httpclient.Config writes the lines.
//
//	database/sql            db := sqlCalls{sql.OpenDB(connector), "media-db.internal:5432"}
//	go-redis                client.AddHook(redisCalls{"media-cache.internal:6379"})
//	gRPC, out               grpc.WithUnaryInterceptor(grpcCalls)
//	AWS, each attempt       o.APIOptions = append(o.APIOptions, awsCalls)
//
// grpcCalls also sends the trace, so it replaces otelgrpc's client handler. Together with otelsql,
// or with a provider for AWS, each call has one more span.
//
// # Logs
//
// Package log has no contexts. Its lines have the same form as the others, but no ID. The lines of
// a logger made for one request have its ID. With Implicit in httpmw's Config, all lines of the
// goroutine that serves a request have the ID, also those of libraries, and so have lines in a
// trace.Do. Lines of other goroutines have none.
//
// Package log puts its own time before a message. log.SetFlags(0) removes it. slog.SetDefault
// removes it too, and also sends all lines of package log to slog.
//
//	http.Server             server.Config.ErrorLog = log.New(logger, "", 0)
//	log, in main            log.SetOutput(logger)
//	log to slog, in main    slog.SetDefault(slog.New(logctx.Slog(handler, logctx.Config{})))
//	log, Implicit           handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
//	log, in a request       log.New(logctx.From(ctx), "", 0)
//	zap, access log         httpmw.AccessLog(httpmw.AccessLogConfig{Slog: slog.New(zapslog.NewHandler(logger.Core()))})
//
// These give the ID to lines that other libraries write about a request. restyLogs, chiLogs and
// chiID are a few lines each, in lines_test.go.
//
//	resty's WARN and ERROR  client.OnBeforeRequest(restyLogs)
//	chi's Recoverer, Use    chiLogs, middleware.Recoverer
//	chi's Logger, Use       chiID, chiLogger
package adapters
