// What atest's server does with a plugin, in atest's own language: host SOCKET METADATA QUERY, both in JSON.
//
// Values of the metadata are sent as they are, as a host in Go does: UTF-8, keys in any case.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"atest/remote"
	"atest/server"
)

type report map[string]json.RawMessage

func (r report) add(name string, message proto.Message, err error) {
	if err != nil {
		r[name], _ = json.Marshal(map[string]string{"code": status.Code(err).String(), "says": status.Convert(err).Message()})
		return
	}
	r[name], err = protojson.Marshal(message)
	must(err)
}

func main() {
	var store map[string]string
	must(json.Unmarshal([]byte(os.Args[2]), &store))
	asked := &server.DataQuery{}
	must(protojson.Unmarshal([]byte(os.Args[3]), asked))

	connection, err := grpc.Dial("unix://"+os.Args[1], grpc.WithInsecure())
	must(err)
	ctx, done := context.WithTimeout(context.Background(), 60*time.Second)
	defer done()
	ctx = metadata.NewOutgoingContext(ctx, metadata.New(store))
	plugin, found, none := remote.NewLoaderClient(connection), report{}, &server.Empty{}

	status, err := plugin.Verify(ctx, none, grpc.WaitForReady(true))
	found.add("Verify", status, err)
	version, err := plugin.GetVersion(ctx, none)
	found.add("GetVersion", version, err)
	menus, err := plugin.GetMenus(ctx, none)
	found.add("GetMenus", menus, err)
	able, err := plugin.GetAICapabilities(ctx, none)
	found.add("GetAICapabilities", able, err)
	profile, err := plugin.PProf(ctx, &server.PProfRequest{Name: "heap"})
	found.add("PProf", profile, err)
	result, err := plugin.Query(ctx, asked)
	found.add("Query", result, err)
	must(json.NewEncoder(os.Stdout).Encode(found))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
