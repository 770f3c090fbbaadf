package adapters_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"net/http/httptest"

	"example.com/clew/httpclient"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/XSAM/otelsql"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/tracing/smithyoteltracing"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace/noop"
)

// A batch job calls DynamoDB. The spans of AWS's SDK show what the job does. The output leaves out
// spans without a kind. The span of clew's client shows which host the job calls, and is the edge
// in Zipkin's graph. TracerProvider and HTTPClient can each be set without the other.
func Example_dynamoDB() {
	dynamo := httptest.NewServer(answer(`{"Item":{"views":{"N":"7"}}}`))
	defer dynamo.Close()
	collected := newCollector()
	defer collected.Close()

	tp := provider("media-batch", collected)
	otel.SetTracerProvider(tp)
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	client := dynamo.Client()
	db := dynamodb.New(dynamodb.Options{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		// The test's HTTP client connects to dynamo, whatever the host.
		BaseEndpoint: aws.String("http://dynamodb.eu-west-1.example.com"),
	}, func(o *dynamodb.Options) {
		o.TracerProvider = smithyoteltracing.Adapt(tp)
		o.HTTPClient = httpclient.Wrap(client, httpclient.Config{})
	})

	countViews := workerpool.Job(context.Background(), func(ctx context.Context) {
		got, err := db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String("media"),
			Key:       map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "7"}},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(got.Item["views"].(*types.AttributeValueMemberN).Value, "views")
	})
	countViews() // in a service, a scheduler calls it

	shutDown(tp)
	collected.print()
	// Output:
	// 7 views
	// media-batch: workerpool.job
	//   media-batch: dynamodb.getitem -> dynamodb
	//     media-batch: post -> dynamodb.eu-west-1.example.com
}

// Zipkin's graph names a database by the span's server.address or, without one, by its
// db.system.name. Set one of them.
func Example_databaseSQL() {
	collected := newCollector()
	defer collected.Close()

	tp := provider("media-batch", collected)
	otel.SetTracerProvider(tp)
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	var connector driver.Connector = table{}
	address := attribute.String("server.address", "media-db.internal")
	db := otelsql.OpenDB(connector, otelsql.WithTracerProvider(tp), otelsql.WithAttributes(address))

	ctx, span := trace.Root(context.Background(), "report")
	var views int
	if err := db.QueryRowContext(ctx, "SELECT views FROM media").Scan(&views); err != nil {
		fmt.Println(err)
	}
	span.End()
	fmt.Println(views, "views")

	check(db.Close())
	shutDown(tp)
	collected.print()
	// Output:
	// 7 views
	// media-batch: report
	//   media-batch: sql.connector.connect -> media-db.internal
	//   media-batch: sql.conn.query -> media-db.internal
	//   media-batch: sql.rows -> media-db.internal
}

// table is a database in which every query returns one row.
type table struct{}

func (table) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }
func (table) Driver() driver.Driver                        { return nil } // never called

type connection struct{ driver.Conn }

func (connection) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return new(oneRow), nil
}

func (connection) Close() error { return nil }

type oneRow struct{ read bool }

func (*oneRow) Columns() []string { return []string{"views"} }
func (*oneRow) Close() error      { return nil }

func (r *oneRow) Next(row []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read, row[0] = true, int64(7)
	return nil
}
