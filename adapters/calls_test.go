package adapters_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// logctx.Call makes lines and client spans for calls that are not HTTP. The adapters below connect
// one library each to logctx.Call.

// sqlCalls calls logctx.Call for each statement of a database. The call ends when the statement
// has run. For a query, that is when its rows can be read.
type sqlCalls struct {
	*sql.DB
	host string
}

func (db sqlCalls) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, done := logctx.Call(ctx, db.host, verb(query))
	rows, err := db.DB.QueryContext(ctx, query, args...)
	done(err)
	return rows, err
}

func (db sqlCalls) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, done := logctx.Call(ctx, db.host, verb(query))
	row := db.DB.QueryRowContext(ctx, query, args...)
	done(row.Err())
	return row
}

func (db sqlCalls) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, done := logctx.Call(ctx, db.host, verb(query))
	result, err := db.DB.ExecContext(ctx, query, args...)
	done(err)
	return result, err
}

// verb returns the first word of a statement. Whole statements would be too many names for spans,
// and may contain values.
func verb(query string) string {
	if words := strings.Fields(query); len(words) > 0 {
		return strings.ToUpper(words[0])
	}
	return ""
}

// redisCalls calls logctx.Call for each command and each pipeline. A missing key is a valid
// answer, not an error. The first commands on a new connection belong to the call that needs the
// connection, because they run in that call's context.
type redisCalls struct{ host string }

type inRedisCall struct{}

func (redisCalls) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h redisCalls) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return h.call(ctx, cmd.FullName(), func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

func (h redisCalls) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return h.call(ctx, "pipeline", func(ctx context.Context) error { return next(ctx, cmds) })
	}
}

func (h redisCalls) call(ctx context.Context, name string, next func(ctx context.Context) error) error {
	if ctx.Value(inRedisCall{}) != nil {
		return next(ctx)
	}
	ctx, done := logctx.Call(context.WithValue(ctx, inRedisCall{}, true), h.host, name)
	err := next(ctx)
	if errors.Is(err, redis.Nil) {
		done(nil)
	} else {
		done(err)
	}
	return err
}

// grpcCalls calls logctx.Call for each unary gRPC call, and sends the trace. Use it instead of
// otelgrpc's client handler, which would add one more span: the parent of the server's.
func grpcCalls(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	host := conn.Target()
	ctx, done := logctx.Call(ctx, host[strings.LastIndexByte(host, '/')+1:], method)
	b, _ := trace.FromContext(ctx)
	err := invoke(metadata.AppendToOutgoingContext(ctx, "b3", b.String()), method, req, reply, conn, opts...)
	done(err)
	return err
}

// awsCalls calls logctx.Call for each attempt of AWS's SDK. It is the last middleware of the
// Finalize step, so it runs after the middleware for retries, the endpoint and the signature.
func awsCalls(stack *middleware.Stack) error {
	call := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		host := ""
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			host = r.URL.Host
		}
		ctx, done := logctx.Call(ctx, host, awsmiddleware.GetOperationName(ctx))
		out, meta, err := next.HandleFinalize(ctx, in)
		done(err)
		return out, meta, err
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("clew", call), middleware.After)
}

// called is the content of a call line.
type called struct{ host, method, err string }

// callsOf returns the call lines in out and their span IDs. The test fails if out contains another
// line, or a line outside of the trace of the request in.
func callsOf(t *testing.T, in request, out *bytes.Buffer) (calls []called, spans []string) {
	t.Helper()
	for _, line := range linesOf(t, out) {
		assert.Equal(t, "call", line["message"], "message of the line %v", line)
		assert.Equal(t, "debug", line["level"], "level of the line %v", line)
		assert.Equal(t, in.id, line["trace_id"], "trace_id of the line %v", line)
		assert.Equal(t, trace.SpanID(in.ctx), line["parent_id"], "parent_id of the line %v", line)
		assert.Len(t, line["span_id"], 16, "span_id of the line %v", line)
		calls = append(calls, called{line["host"], line["method"], line["error"]})
		spans = append(spans, line["span_id"])
	}
	return calls, spans
}

// media is a database with one table, media.
type media struct{ table }

func (media) Connect(context.Context) (driver.Conn, error) { return mediaConnection{}, nil }

type mediaConnection struct{ connection }

var errNoTable = errors.New("no such table")

func (c mediaConnection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !strings.HasSuffix(query, "FROM media") {
		return nil, errNoTable
	}
	return c.connection.QueryContext(ctx, query, args)
}

func (mediaConnection) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	if !strings.HasSuffix(query, "FROM media") {
		return nil, errNoTable
	}
	return driver.RowsAffected(1), nil
}

func TestSQLCalls(t *testing.T) {
	var out bytes.Buffer
	in := incoming(1)
	defer in.end()
	ctx := logctx.New(&out).WithContext(in.ctx)
	var connector driver.Connector = media{}
	db := sqlCalls{sql.OpenDB(connector), "media-db.internal:5432"}
	defer func() { assert.NoError(t, db.Close()) }()

	var views int
	require.NoError(t, db.QueryRowContext(ctx, "SELECT views FROM media").Scan(&views), "QueryRowContext of an existing table")
	assert.Equal(t, 7, views, "value of the row")
	rows, err := db.QueryContext(ctx, "\n select views FROM media")
	require.NoError(t, err, "QueryContext of an existing table")
	require.True(t, rows.Next(), "Next finds a row after the call has ended")
	require.NoError(t, rows.Close())
	_, err = db.ExecContext(ctx, "DELETE FROM media")
	require.NoError(t, err, "ExecContext of an existing table")
	_, err = db.QueryContext(ctx, "SELECT 'secret' FROM nowhere")
	assert.ErrorIs(t, err, errNoTable, "error of a query of a missing table")
	_, err = db.ExecContext(ctx, "DELETE FROM nowhere")
	assert.ErrorIs(t, err, errNoTable, "error of a statement for a missing table")
	assert.ErrorIs(t, db.QueryRowContext(ctx, "").Scan(&views), errNoTable, "error of an empty statement")

	calls, _ := callsOf(t, in, &out)
	const host = "media-db.internal:5432"
	assert.Equal(t, []called{{host, "SELECT", ""}, {host, "SELECT", ""}, {host, "DELETE", ""},
		{host, "SELECT", "no such table"}, {host, "DELETE", "no such table"}, {host, "call", "no such table"}}, calls, "call lines")
}

func TestRedisCalls(t *testing.T) {
	var out bytes.Buffer
	in := incoming(1)
	defer in.end()
	ctx := logctx.New(&out).WithContext(in.ctx)
	address, stop := serveRedis(map[string]string{"hello 2": "*0\r\n", "select 1": "+OK\r\n", "get views": "$1\r\n7\r\n", "get likes": "$-1\r\n", "get media": "-WRONGTYPE not a string\r\n"})
	defer stop()
	client := redis.NewClient(&redis.Options{Addr: address, DB: 1, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	defer func() { assert.NoError(t, client.Close()) }()
	client.AddHook(redisCalls{"media-cache.internal:6379"})

	views, err := client.Get(ctx, "views").Int()
	require.NoError(t, err, "GET of a number")
	assert.Equal(t, 7, views, "value of GET")
	assert.Equal(t, redis.Nil, client.Get(ctx, "likes").Err(), "GET of a missing key")
	assert.ErrorContains(t, client.Get(ctx, "media").Err(), "WRONGTYPE", "GET of a value that is not a string")
	pipe := client.Pipeline()
	pipe.Get(ctx, "views")
	pipe.Get(ctx, "likes")
	_, err = pipe.Exec(ctx)
	assert.Equal(t, redis.Nil, err, "pipeline with a missing key")

	calls, _ := callsOf(t, in, &out)
	const host = "media-cache.internal:6379"
	assert.Equal(t, []called{{host, "get", ""}, {host, "get", ""}, {host, "get", "WRONGTYPE not a string"}, {host, "pipeline", ""}}, calls, "call lines")
}

func TestGRPCCalls(t *testing.T) {
	var out bytes.Buffer
	in := incoming(1)
	defer in.end()
	ctx := logctx.New(&out).WithContext(in.ctx)
	server := grpc.NewServer()
	store := new(pickyStore)
	healthpb.RegisterHealthServer(server, store)
	address, stop := serveGRPC(server)
	defer stop()
	conn := dial("dns:///"+address, grpc.WithUnaryInterceptor(grpcCalls))
	defer func() { assert.NoError(t, conn.Close()) }()
	client := healthpb.NewHealthClient(conn)

	_, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "media"})
	require.NoError(t, err, "Check of a known service")
	_, err = client.Check(ctx, &healthpb.HealthCheckRequest{})
	assert.Equal(t, codes.NotFound, status.Code(err), "Check without a service")

	calls, spans := callsOf(t, in, &out)
	const method = "/grpc.health.v1.Health/Check"
	assert.Equal(t, []called{{address, method, ""}, {address, method, "rpc error: code = NotFound desc = no such service"}}, calls, "call lines")
	for i, span := range spans {
		b, err := trace.Parse(store.callers[i])
		require.NoError(t, err, "parsing the metadata b3")
		assert.Equal(t, in.id, b.ID(), "trace in the metadata that the server got")
		assert.Equal(t, span, b.SpanID.String(), "span in the metadata that the server got, against the span of the call line")
	}
}

// pickyStore fails calls without a service, and keeps the b3 metadata of all callers.
type pickyStore struct {
	healthpb.UnimplementedHealthServer
	callers []string
}

func (s *pickyStore) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	called, _ := metadata.FromIncomingContext(ctx)
	s.callers = append(s.callers, strings.Join(called["b3"], ", "))
	if r.Service == "" {
		return nil, status.Error(codes.NotFound, "no such service")
	}
	return &healthpb.HealthCheckResponse{}, nil
}

func TestAWSCalls(t *testing.T) {
	var out bytes.Buffer
	in := incoming(1)
	defer in.end()
	ctx := logctx.New(&out).WithContext(in.ctx)
	asked := 0
	dynamo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; asked {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no such table"}`))
		}
	}))
	defer dynamo.Close()
	db := dynamodb.New(dynamodb.Options{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		// The test's HTTPClient connects to dynamo, whatever the host.
		BaseEndpoint: aws.String("http://dynamodb.eu-west-1.example.com"),
		Retryer:      retry.AddWithMaxBackoffDelay(retry.NewStandard(), time.Nanosecond),
		HTTPClient:   dynamo.Client(),
	}, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, awsCalls)
	})

	_, err := db.ListTables(ctx, nil)
	require.NoError(t, err, "ListTables, answered with 503 and then 200")
	_, err = db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("media")})
	assert.ErrorContains(t, err, "no such table", "error of DescribeTable")

	calls, spans := callsOf(t, in, &out)
	require.Len(t, calls, 3, "call lines")
	assert.Contains(t, calls[0].err, "StatusCode: 503", "error of the first attempt")
	calls[0].err = ""
	const host = "dynamodb.eu-west-1.example.com"
	assert.Equal(t, []called{{host, "ListTables", ""}, {host, "ListTables", ""}, {host, "DescribeTable", "https response error StatusCode: 400, RequestID: , ResourceNotFoundException: no such table"}}, calls, "call lines")
	assert.NotEqual(t, spans[0], spans[1], "span IDs of the two attempts")
}

// serveRedis serves a Redis on loopback that knows only the commands in answers.
func serveRedis(answers map[string]string) (address string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					command, err := readCommand(in)
					if err != nil {
						return
					}
					answer, known := answers[command]
					if !known {
						answer = "-ERR unknown command\r\n"
					}
					if _, err := conn.Write([]byte(answer)); err != nil {
						return
					}
				}
			})
		}
	})
	return listener.Addr().String(), func() {
		check(listener.Close())
		running.Wait()
	}
}

// readCommand reads a command of Redis's protocol: the number of words, and then the length and
// the text of each word.
func readCommand(in *bufio.Reader) (string, error) {
	words, err := readNumber(in, '*')
	if err != nil {
		return "", err
	}
	command := make([]string, words)
	for i := range command {
		length, err := readNumber(in, '$')
		if err != nil {
			return "", err
		}
		word := make([]byte, length+len("\r\n"))
		if _, err := io.ReadFull(in, word); err != nil {
			return "", err
		}
		command[i] = string(word[:length])
	}
	return strings.Join(command, " "), nil
}

func readNumber(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q does not begin with %q", line, kind)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}
