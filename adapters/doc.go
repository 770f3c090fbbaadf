// Package adapters tests clew with other libraries that run a program's code. It exports nothing,
// because nearly all of these libraries need only one line. The lines are below, as the tests run
// them. docs/recipes.md shows them with more code around them.
//
// # Tasks
//
// fn is a func(ctx context.Context). load is the same with an error as result. clew has one rule:
// if the request waits for a task, the task ends with the request. If the request does not wait,
// the task keeps only the trace.
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
// With ants, use workerpool.WrapErr(ctx, load) in a closure for a task that the request waits for,
// because ants accepts no function that returns an error.
//
// For a task that returns a value, use a closure over ctx, as with the WaitGroup. Implicit has no
// effect in such a closure. If fn logs without a context, use workerpool.NewGroup or
// workerpool.Wrap.
//
// With singleflight, the work is in the trace of the first caller. The other callers wait for it,
// and stay in their own traces. Detach the context, because otherwise all callers fail when the
// first one is canceled.
//
// # Schedules
//
// Each run has a new trace, with a link to the trace in which it was scheduled, if there was one.
// A Job ends only when fn returns. A function that uses gocron's own context instead of a Job must
// start its trace itself, and is canceled with the scheduler. The schedule of
// such a function ends when the context in gocron.WithContext ends. Pass main's context there, and
// not a request's.
//
//	cron                    c.AddFunc("@every 1m", workerpool.Job(ctx, fn))
//	gocron                  s.NewJob(every, gocron.NewTask(workerpool.Job(ctx, fn)))
//	in a run of gocron's    ctx, span := trace.Root(ctx, "report")
//
// # Messages
//
// A message carries its trace in one header, which trace.Propagator{Encoding: b3.B3SingleHeader}
// writes. A consumer calls handle, in example_messages_test.go, for each message, also for each
// message of a batch. handle starts a span in the message's trace, and runs the handler in
// trace.Do. If a handler starts work that it does not wait for, use Wrap or Go, because a
// message's context ends with its handler.
//
// SQS returns only the attributes that a consumer asks for. NATS headers are case-sensitive.
// propagation.HeaderCarrier writes B3 instead of b3, so it does not fit. Kinesis has no headers,
// so the data of a record contains them.
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
// gin and echo have their own contexts, which they reuse for the next request. Before you start
// work that outlives the handler, get the request's context from them.
//
//	gin                     ctx := c.Request.Context()
//	echo                    ctx := c.Request().Context()
//	both, in main           handler = httpmw.New(httpmw.Config{Logger: &logger})(handler)
//	http.DefaultClient      http.DefaultClient = httpclient.Wrap(http.DefaultClient, httpclient.Config{})
//
// Some middleware writes its answer late: chi's Timeout writes a 504, and echo's error handler
// writes an error. The access line shows such an answer only if AccessLog is outside of that
// middleware.
//
// # Routes
//
// Most middleware passes a copy of the request to the next handler, and a router writes its
// pattern into that copy. Call SetRoute in the innermost middleware, so that the access line and
// the span get the route.
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
// fiber is not net/http, so it needs aroundV2 or aroundV3 from example_fiber_test.go: some forty
// lines to copy. Use them first, and fiber's recover after them, because the access log cannot see
// changes that a middleware outside of it makes to the response.
//
//	v2                      app.Use(aroundV2(httpmw.New(httpmw.Config{Logger: &logger})))
//	v2, access log          app.Use(aroundV2(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v2, in a handler        ctx := c.UserContext()
//	v3                      app.Use(aroundV3(httpmw.New(httpmw.Config{Logger: &logger})))
//	v3, access log          app.Use(aroundV3(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v3, in a handler        ctx := c.Context()
//
// fiber's own adaptor.HTTPMiddleware is no substitute, because it runs a middleware to its end
// before the handlers begin. So the access log always shows 200, spans have no duration, and the
// headers that Config.Trust rejects stay in the request. Also, the trace is only in fiber's own
// context (c.Context() in v2, c in v3), which fiber reuses for the next request. adaptor.FiberApp
// passes no context at all: put clew into the app, not around it.
//
// # Spans
//
// tp is a provider, from zipkin.NewProvider or any SDK. OpenTelemetry's instrumentation makes
// spans in the trace of the context that it gets. Without a provider option, it uses the global
// provider.
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
// redisCalls, grpcCalls and awsCalls use it for each call of a client. Copy them from
// calls_test.go. For HTTP calls, CallLog in httpclient.Config writes the lines.
//
//	database/sql            db := sqlCalls{sql.OpenDB(connector), "media-db.internal:5432"}
//	go-redis                client.AddHook(redisCalls{"media-cache.internal:6379"})
//	gRPC, out               grpc.WithUnaryInterceptor(grpcCalls)
//	AWS, each attempt       o.APIOptions = append(o.APIOptions, awsCalls)
//
// grpcCalls also sends the trace, so it replaces otelgrpc's client handler. If you also use
// otelsql, or a provider for AWS, each call has one more span.
//
// # Logs
//
// Package log uses no contexts. Through clew's logger, its lines have the same form as the
// program's other lines, but no ID. A log.Logger that is made for one request writes the request's
// ID. With Implicit in httpmw's Config, all
// lines of the goroutine that serves a request have the ID, even lines of libraries. Lines inside
// of trace.Do have the ID, too. Lines of other goroutines have none.
//
// Package log puts its own time before a message. log.SetFlags(0) removes this time.
// slog.SetDefault removes it, too, and also sends all lines of package log to slog.
//
//	http.Server             server.Config.ErrorLog = log.New(logger, "", 0)
//	log, in main            log.SetOutput(logger)
//	log to slog, in main    slog.SetDefault(slog.New(logctx.Slog(handler, logctx.Config{})))
//	log, Implicit           handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
//	log, in a request       log.New(logctx.From(ctx), "", 0)
//	zap, access log         httpmw.AccessLog(httpmw.AccessLogConfig{Slog: slog.New(zapslog.NewHandler(logger.Core()))})
//
// The following rows add the ID to lines that other libraries write for a request. restyLogs,
// chiLogs and chiID are a few lines each, in lines_test.go.
//
//	resty's WARN and ERROR  client.OnBeforeRequest(restyLogs)
//	chi's Recoverer, Use    chiLogs, middleware.Recoverer
//	chi's Logger, Use       chiID, chiLogger
package adapters
