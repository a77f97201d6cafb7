"""Makes the files of this folder: `pip install pyogrio shapely`, `npm install topojson-server`, then run it here."""
import json, subprocess, sys
import numpy as np, pyogrio.raw, shapely
from shapely import Polygon, MultiPolygon, LineString, MultiLineString, Point, MultiPoint, GeometryCollection

lake = Polygon([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], [[(1, 1), (1, 2), (2, 2), (2, 1), (1, 1)]])
isles = MultiPolygon([Polygon([(4, 0), (8, 0), (8, 4), (4, 4), (4, 0)]), Polygon([(10.5, 0.25), (11, 0), (11, 1), (10.5, 0.25)])])
shore = LineString([(-3.125, 50.0625), (-2, 51), (-1, 50.5)])
geoms = [lake, isles, shore]
fields = {"name": np.array(["lake", "isles", "shöre"], object), "rank": np.array([1, 2, 3], np.int32),
          "ratio": np.array([0.5, -1.25, 1e9]), "wet": np.array([True, False, True])}

def gdal(path, driver, geoms=geoms, crs="EPSG:4326", kind="Unknown", **options):
    pyogrio.raw.write(path, np.array([shapely.to_wkb(g, flavor="iso") for g in geoms], object), [v[:len(geoms)] for v in fields.values()],
                      list(fields), driver=driver, geometry_type=kind, crs=crs, **options)

gdal("three.fgb", "FlatGeobuf")
gdal("three-plain.fgb", "FlatGeobuf", SPATIAL_INDEX="NO")
gdal("mercator.fgb", "FlatGeobuf", crs="EPSG:3857")
gdal("three.gpkg", "GPKG", layer="coast", layer_options={"SPATIAL_INDEX": "NO"}, dataset_options={"ADD_GPKG_OGR_CONTENTS": "NO"})
gdal("three.geojson", "GeoJSON", RFC7946="YES")
gdal("three.geojsonl", "GeoJSONSeq")
high = [shapely.force_3d(g, 7.5) for g in geoms]
gdal("high.fgb", "FlatGeobuf", high[:1], kind="Polygon Z")

def put(name, data):
    open(name, "wb").write(data)

every = [Point(1.5, -2), shore, lake, MultiPoint([(1, 2), (3, 4)]), MultiLineString([shore, [(0, 0), (1, 1)]]), isles,
         GeometryCollection([Point(0, 0), GeometryCollection([shore])])]
put("every.wkb", b"".join(shapely.to_wkb(g, byte_order=1) for g in every))
put("every-big-endian.wkb", b"".join(shapely.to_wkb(g, byte_order=0) for g in every))
put("three.ewkb", b"".join(shapely.to_wkb(shapely.set_srid(g, 4326), include_srid=True) for g in geoms))
put("three-hex.txt", "".join(shapely.to_wkb(shapely.set_srid(g, 4326), hex=True, include_srid=True) + "\n" for g in geoms).encode())
put("high.wkb", b"".join(shapely.to_wkb(g, flavor="iso", output_dimension=3) for g in high))
put("high.ewkb", b"".join(shapely.to_wkb(g, flavor="extended", output_dimension=3) for g in high))
zm = shapely.from_wkt("LINESTRING ZM (1 2 3 4, 5 6 7 8)")
put("zm.wkb", shapely.to_wkb(zm, flavor="iso", output_dimension=4))

features = [{"type": "Feature", "id": n, "properties": {"rank": i}, "geometry": shapely.geometry.mapping(g)}
            for i, (n, g) in enumerate(zip(["lake", "isles", "shore"], geoms))]
json.dump({"type": "FeatureCollection", "features": features}, open("/tmp/world.json", "w"))
json.dump({"type": "Feature", "id": 7, "properties": None, "geometry": {"type": "Point", "coordinates": [1.5, -2]}}, open("/tmp/spot.json", "w"))
for name, more in [("three.topojson", ["-q", "1e5"]), ("three-plain.topojson", [])]:
    subprocess.run(["npx", "geo2topo", *more, "world=/tmp/world.json", "spot=/tmp/spot.json", "-o", name], check=True)
