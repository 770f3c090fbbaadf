// Package adapters tests clew with the libraries that run a program's code for it. It has no code of
// its own: nearly all that they need is a line each, and these are the lines, as the tests run them.
// docs/recipes.md has the same with more around it.
//
// # Tasks
//
// fn is a func(ctx context.Context); load returns an error as well. By clew's one rule, a task that
// the request waits for ends with the request, and one that it does not wait for keeps its trace only.
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
// The task of ants that is waited for is workerpool.WrapErr(ctx, load), since ants takes none that
// returns an error.
//
// A task that returns a value is a closure over ctx, as with the WaitGroup. A closure is not known
// to Implicit: where fn logs without a context, use workerpool.NewGroup, or Wrap it.
//
// With singleflight the work is in the trace of the caller who came first, the others wait for it
// in their own. Detach, because otherwise they all fail when the first one goes away.
//
// # Schedules
//
// Each run is a new trace, linked to the one in which it was scheduled, if any. A Job ends when it
// returns. A run that takes gocron's own context begins its trace itself. It ends with the scheduler, and
// the schedule ends with the context that gocron.WithContext was given: main's, not a request's.
//
//	cron                    c.AddFunc("@every 1m", workerpool.Job(ctx, fn))
//	gocron                  s.NewJob(every, gocron.NewTask(workerpool.Job(ctx, fn)))
//	in a run of gocron's    ctx, span := trace.Root(ctx, "report")
//
// # Messages
//
// A message carries its trace in one header, by trace.Propagator{Encoding: b3.B3SingleHeader}. A
// consumer calls handle, in example_messages_test.go, for each message, in a batch as well. That
// begins a span in the message's trace, and runs the handler in trace.Do. What a handler does not
// wait for needs Wrap or Go, since a message's context ends when it has been handled.
//
// SQS hands out the attributes that it is asked for. NATS does not take B3 for b3, as
// propagation.HeaderCarrier does. Kinesis has no headers: they are a field of the data.
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
// gin's and echo's contexts are not the request's, and are given to the next request when this one
// has been answered: take the request's from them before anything that outlives the handler.
//
//	gin                     ctx := c.Request.Context()
//	echo                    ctx := c.Request().Context()
//	both, in main           handler = httpmw.New(httpmw.Config{Logger: &logger})(handler)
//	http.DefaultClient      http.DefaultClient = httpclient.Wrap(http.DefaultClient, httpclient.Config{})
//
// The access line has what is written when AccessLog has returned, such as the 504 of chi's Timeout
// or an answer of echo's error handler, only if AccessLog stands further out.
//
// # Routes
//
// Most middleware hands on a copy of the request, and a router writes its pattern into that.
// SetRoute, said in the innermost middleware, takes the route to the access line and the span.
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
// aroundV2 and aroundV3 are in example_fiber_test.go, some forty lines to copy, since fiber is not
// net/http. Use them first, and fiber's recover after them: the access log cannot know how a
// middleware further out changes the response.
//
//	v2                      app.Use(aroundV2(httpmw.New(httpmw.Config{Logger: &logger})))
//	v2, access log          app.Use(aroundV2(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v2, in a handler        ctx := c.UserContext()
//	v3                      app.Use(aroundV3(httpmw.New(httpmw.Config{Logger: &logger})))
//	v3, access log          app.Use(aroundV3(httpmw.AccessLog(httpmw.AccessLogConfig{})))
//	v3, in a handler        ctx := c.Context()
//
// fiber's own adaptor.HTTPMiddleware is no substitute. It runs a middleware to its end before the
// handlers begin: the access log says 200 whatever they send, spans take no time, and the headers
// that Config.Trust refuses stay. The trace is then in fiber's own context only (c.Context() in v2,
// c in v3), which is given to the next request. adaptor.FiberApp hands on no context at all: put
// clew into the app, not around it.
//
// # Spans
//
// tp is a provider, zipkin.NewProvider's or that of any SDK. What OpenTelemetry instruments joins the trace that
// its context is in; what is told of no provider asks the global one.
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
// logctx.Call makes a client span and a line at debug of a call that is not HTTP. sqlCalls,
// redisCalls, grpcCalls and awsCalls do it for each call of a client; they are some lines each,
// in calls_test.go, to copy. HTTP has lines by httpclient.Config's CallLog.
//
//	database/sql            db := sqlCalls{sql.OpenDB(connector), "media-db.internal:5432"}
//	go-redis                client.AddHook(redisCalls{"media-cache.internal:6379"})
//	gRPC, out               grpc.WithUnaryInterceptor(grpcCalls)
//	AWS, each attempt       o.APIOptions = append(o.APIOptions, awsCalls)
//
// The calls of grpcCalls carry the trace too, so that it stands in place of otelgrpc's client
// handler. Beside otelsql, or a provider for AWS, there is a span more for each call.
//
// # Logs
//
// Package log knows no context: its lines come out in the same form as the others, without an ID.
// Those of a logger that was made for one request have it. With Implicit in httpmw's Config all
// lines have it that are logged in the goroutine that serves a request, by libraries too, and so
// do those in a trace.Do. Other goroutines' have none.
//
// The time at the front of a message is package log's own: log.SetFlags(0) takes it off, and
// slog.SetDefault does so itself. That also sends all lines of package log to slog.
//
//	http.Server             server.Config.ErrorLog = log.New(logger, "", 0)
//	log, in main            log.SetOutput(logger)
//	log to slog, in main    slog.SetDefault(slog.New(logctx.Slog(handler, logctx.Config{})))
//	log, Implicit           handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
//	log, in a request       log.New(logctx.From(ctx), "", 0)
//	zap, access log         httpmw.AccessLog(httpmw.AccessLogConfig{Slog: slog.New(zapslog.NewHandler(logger.Core()))})
//
// The lines that other libraries write of a request have its ID by these; restyLogs, chiLogs and
// chiID are a few lines each, in lines_test.go.
//
//	resty's WARN and ERROR  client.OnBeforeRequest(restyLogs)
//	chi's Recoverer, Use    chiLogs, middleware.Recoverer
//	chi's Logger, Use       chiID, chiLogger
package adapters
